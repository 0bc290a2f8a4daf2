"""The reader of each kind of URL, and its reading of rare answers of a server."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

import celery_health.readers.databases
from celery_health.broker import QueueReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.readers.redis.keys import list_keys


@asynccontextmanager
async def server_that(answer: bytes, *, hangs_up: bool = False) -> AsyncIterator[int]:
    """A loopback server that gives ``answer`` to every request. Yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while not hangs_up and await reader.read(65536):
                writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        server.close()


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("sqs://key:secret@", "sqs", "sqs:// cannot be read"),
        ("db+sqlite:////var/results.db", "sqlite", "a file on the workers' machine"),
        ("rpc://", "rpc", "over the broker"),
        ("sentinel://:secret@s1:26379/0;sentinel://s2:26379", "sentinel", "?master_name=NAME"),
    ],
)
async def test_what_cannot_be_read_is_unknown_and_says_why(url: str, kind: str, words: str) -> None:
    reader = reader_for(url)
    reading = await reader.read(["mail"])
    assert (reading.kind, reading.reachable, reading.reason) == (kind, None, BrokerReason.UNSUPPORTED_KIND)
    assert words in reading.message
    assert reading.queues == (QueueReading("mail", None),)
    assert "secret" not in repr(reading)
    await reader.close()


async def test_a_url_that_cannot_be_taken_apart_says_what_to_write() -> None:
    reading = await reader_for("redis.example:6379").read([])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.URL_INVALID)
    assert "redis://HOST:6379/0" in reading.message


@pytest.mark.parametrize(
    ("naming", "keys"),
    [
        (RedisNaming(), ["mail", "mail\x06\x163", "mail\x06\x166", "mail\x06\x169"]),
        (RedisNaming(priority_steps=(0, 5), separator=":", key_prefix="shop."), ["shop.mail", "shop.mail:5"]),
        (RedisNaming(priority_steps=()), ["mail"]),
    ],
)
def test_a_queue_has_one_list_for_each_priority_step(naming: RedisNaming, keys: list[str]) -> None:
    assert list_keys("mail", naming) == keys


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", BrokerReason.LOADING),
        (b"-NOAUTH Authentication required.\r\n", BrokerReason.AUTHENTICATION_FAILED),
        (b"-ERR max number of clients reached\r\n", BrokerReason.TOO_MANY_CONNECTIONS),
        (b"-MASTERDOWN Link with MASTER is down\r\n", BrokerReason.ERROR),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", BrokerReason.ERROR),
        (b"\x00\xff\x00\r\n", BrokerReason.ERROR),
    ],
)
async def test_an_error_answer_is_a_reading(answer: bytes, reason: BrokerReason) -> None:
    async with server_that(answer) as port:
        reader = reader_for(f"redis://:secret@127.0.0.1:{port}/0")
        reading = await reader.read(["mail"])
        await reader.close()
    assert (reading.reachable, reading.reason) == (False, reason)
    assert reading.message.endswith(".")
    assert "secret" not in repr(reading)


@pytest.mark.parametrize("scheme", ["redis", "rediss", "amqp", "amqps"])
async def test_a_server_that_hangs_up_is_a_reading(scheme: str) -> None:
    async with server_that(b"", hangs_up=True) as port:
        reader = reader_for(f"{scheme}://127.0.0.1:{port}/0")
        reading = await reader.read(["mail"])
        await reader.close()
    assert reading.reachable is False


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x01" * 64, b"\xce" * 64], ids=["HTTP", "1", "206"]
)
async def test_a_server_that_speaks_no_amqp_is_a_reading(answer: bytes) -> None:
    async with server_that(answer) as port:
        reader = reader_for(f"amqp://guest:secret@127.0.0.1:{port}//")
        reading = await reader.read(["mail"])
        await reader.close()
    assert reading.reachable is False
    assert "secret" not in repr(reading)


@pytest.mark.parametrize(
    ("scheme", "driver", "module"),
    [("postgresql", "psycopg", "postgresql"), ("db+mysql", "pymysql", "mysql")],
)
async def test_without_the_driver_a_database_is_unknown_and_the_message_names_the_extra(
    scheme: str, driver: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    monkeypatch.delitem(sys.modules, f"celery_health.readers.databases.{module}", raising=False)
    monkeypatch.delattr(celery_health.readers.databases, module, raising=False)
    reading = await reader_for(f"{scheme}://shop:secret@127.0.0.1/shop").read([])
    assert (reading.reachable, reading.reason) == (None, BrokerReason.UNSUPPORTED_KIND)
    assert "pip install 'celery-operator[database]'" in reading.message
    assert "secret" not in repr(reading)
