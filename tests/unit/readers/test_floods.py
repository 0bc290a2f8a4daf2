"""A server that sends without end costs the operator little memory, and its event loop little time."""

import asyncio
import time

import pytest

from celery_health.broker import BrokerReader, BrokerReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.readers.rabbitmq.management import RabbitManagementReader
from celery_health.urls import parse, parse_management
from tests.support import wire_bytes
from tests.support.cost import MOST_BYTES, MOST_LOOP_SECONDS, cost_of
from tests.support.peer import HOST, Peer, peer

QUEUES = [f"queue-{number}" for number in range(20)]
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
TOO_MUCH = "sends more than a read takes in: check what listens there."
CHUNKED = HTTP + b"Transfer-Encoding: chunked\r\n\r\n"

REDIS: dict[str, tuple[bytes, bytes]] = {
    "a value of 600 MB": (b"+OK\r\n+OK\r\n$600000000\r\n", b"x" * 65536),
    "a value of 600 MB at the login": (b"$600000000\r\n", b"x" * 65536),
    "very many values": (b"+OK\r\n+OK\r\n*100000000\r\n", b":1\r\n" * 4096),
    "very many values in parts": (b"+OK\r\n+OK\r\n*100000000\r\n", b"*4096\r\n" + b":1\r\n" * 4096),
    "lists in lists": (b"+OK\r\n+OK\r\n", b"*1\r\n" * 4096),
    "a line without an end": (b"+OK\r\n+OK\r\n+", b"x" * 65536),
    "errors": (b"+OK\r\n+OK\r\n", b"-ERR " + b"redis://:x@" * 5000 + b"\r\n"),
    "values that INFO cannot mean": (b"+OK\r\n+OK\r\n*0\r\n", b"$60000\r\n" + b"a:1\n" * 15000 + b"\r\n"),
    "numbers": (b"+OK\r\n+OK\r\n", b":1\r\n" * 4096),
}
MANAGEMENT: dict[str, tuple[bytes, bytes]] = {
    "objects": (CHUNKED + b"1\r\n[\r\n", b"3000\r\n" + b"{}," * 4096 + b"\r\n"),
    "queues": (CHUNKED + b"1\r\n[\r\n", b"c000\r\n" + b'{"name":"a"},' * 3780 + b"  " * 6 + b"\r\n"),
    "small chunks": (CHUNKED + b"1\r\n[\r\n", b"2\r\n1,\r\n" * 8192),
    "lists in lists": (CHUNKED, b"4000\r\n" + b"[" * 16384 + b"\r\n"),
    "a name without an end": (CHUNKED + b'a\r\n[{"name":"\r\n', b"4000\r\n" + b"x" * 16384 + b"\r\n"),
    "headers": (HTTP, b"X-Header: " + b"x" * 60000 + b"\r\n"),
    "interim responses": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2048),
    "a line without an end": (b"", b"x" * 65536),
}
AMQP: dict[str, tuple[bytes, bytes]] = {
    "a frame of 600 MB": (b"\1\0\0" + (600_000_000).to_bytes(4, "big"), b"x" * 65536),
    "a message without an end": (
        wire_bytes.AMQP_LOGIN + wire_bytes.AMQP_ENDLESS_BODY,
        wire_bytes.amqp_frame(3, 1, b"x" * 131000),
    ),
    "heartbeats": (wire_bytes.AMQP_LOGIN, wire_bytes.AMQP_HEARTBEAT * 8192),
    "a large table": (
        wire_bytes.amqp_method(
            0, 10, 10, b"\0\x09" + (6_000_000).to_bytes(4, "big") + b"\1aI\0\0\0\1" * 10**6
        ),
        b"",
    ),
}
POSTGRESQL: dict[str, tuple[bytes, bytes]] = {
    "a notice of 600 MB": (
        b"N" + wire_bytes.POSTGRESQL_OK + wire_bytes.postgresql(b"N", length=600_000_000),
        b"x" * 65536,
    ),
    "parameters": (
        b"N" + wire_bytes.POSTGRESQL_OK,
        b"".join(wire_bytes.postgresql(b"S", b"name%d\0value\0" % number) for number in range(2000)),
    ),
}
MYSQL: dict[str, tuple[bytes, bytes]] = {
    "a packet of 16 MB": (wire_bytes.MYSQL_GREETING, b"\xff\xff\xff\2" + b"x" * 0xFFFFFF),
}


def case(floods: dict[str, tuple[bytes, bytes]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("head", "flood"), list(floods.values()), ids=list(floods))


async def flooded(server: Peer, reader: BrokerReader, head: bytes, flood: bytes) -> BrokerReading:
    """The reading, after a first one of an ordinary failure has imported and allocated what is kept."""
    readings = []

    async def read() -> None:
        readings.append(await reader.read(QUEUES))

    await read()
    server.head, server.flood = head, flood
    before = time.process_time()
    cost = await cost_of(read)
    await reader.close()
    assert cost.peak_bytes < MOST_BYTES
    assert cost.loop_seconds < MOST_LOOP_SECONDS
    assert time.process_time() - before < 2, "CPU of the reader's thread, and of the peer"
    return readings[-1]


@case(REDIS)
async def test_redis(head: bytes, flood: bytes) -> None:
    with peer() as server:
        reading = await flooded(server, reader_for(f"redis://{HOST}:{server.port}/0"), head, flood)
    assert (reading.reachable, reading.reason) == (False, BrokerReason.ERROR)
    assert reading.message.startswith(f"redis://{HOST}:{server.port}/0 ")


@case(REDIS)
async def test_a_sentinel(head: bytes, flood: bytes) -> None:
    with peer() as server:
        url = f"sentinel://{HOST}:{server.port}/0?master_name=shop"
        reading = await flooded(server, reader_for(url), head, flood)
    assert (reading.reachable, reading.reason) == (False, BrokerReason.ERROR)


@case(AMQP)
async def test_rabbitmq(head: bytes, flood: bytes) -> None:
    with peer() as server:
        reading = await flooded(server, reader_for(f"amqp://{HOST}:{server.port}//"), head, flood)
    assert reading.message == f"amqp://{HOST}:{server.port}/ {TOO_MUCH}"


@case(MANAGEMENT)
async def test_the_management_api(head: bytes, flood: bytes) -> None:
    with peer() as server:
        management = parse_management(f"http://{HOST}:{server.port}")
        reader = RabbitManagementReader(management, parse("amqp://broker//"))
        reading = await flooded(server, reader, head, flood)
    assert reading.message == f"http://{HOST}:{server.port} {TOO_MUCH}"


@case(POSTGRESQL)
async def test_postgresql(head: bytes, flood: bytes) -> None:
    with peer() as server:
        reading = await flooded(server, reader_for(f"postgresql://x:x@{HOST}:{server.port}/x"), head, flood)
    assert reading.message == f"postgresql://{HOST}:{server.port}/x {TOO_MUCH}"


@case(MYSQL)
async def test_mysql(head: bytes, flood: bytes) -> None:
    with peer() as server:
        server.listens = False
        reading = await flooded(server, reader_for(f"mysql://x:x@{HOST}:{server.port}/x"), head, flood)
    assert reading.message == f"mysql://{HOST}:{server.port}/x {TOO_MUCH}"


async def test_very_many_queues_are_counted_within_short_turns_of_the_event_loop() -> None:
    """A report may ask for this many lists of a Redis that is in order."""
    with peer() as server:
        server.head = b"".join(
            (
                b"+OK\r\n+OK\r\n",
                b"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n",
                b"$4\r\na:1\n\r\n:0\r\n",
                b":0\r\n*0\r\n*2\r\n:1\r\n:2\r\n",
                b":5\r\n*2\r\n$1\r\n0\r\n*0\r\n",
                b":1\r\n" * 20_000,
            )
        )
        reader = reader_for(f"redis://{HOST}:{server.port}/0", RedisNaming(priority_steps=tuple(range(10))))
        queues = [f"queue-{number}" for number in range(2000)]
        readings = []

        async def read() -> None:
            readings.append(await reader.read(queues))

        cost = await cost_of(read)
        await reader.close()
    assert readings[0].reachable, readings[0].message
    assert {queue.ready for queue in readings[0].queues} == {10}
    assert cost.loop_seconds < MOST_LOOP_SECONDS
    await asyncio.sleep(0)
