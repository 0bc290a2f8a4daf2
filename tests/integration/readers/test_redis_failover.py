"""A Sentinel that makes another Redis the master: the reader follows, and says what it sees on the way."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tools.testbed.sentinels import sentinel
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import wait_for, wait_for_async

from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.readers.redis.server_reader import read_redis_server
from celery_health.urls import parse
from tests.integration.readers.test_redis import client, publish

FAILOVER = (
    "sentinel auth-pass shop secret",
    "sentinel down-after-milliseconds shop 60000",
    "sentinel failover-timeout shop 2000",
)


@contextmanager
def sentinel_url(directory: Path, master: RedisServer) -> Iterator[str]:
    """The URL of a Sentinel that keeps its master until the test shortens its patience."""
    with sentinel(directory, master.port, settings=FAILOVER) as port:
        yield f"sentinel://:secret@127.0.0.1:{port}/0?master_name=shop"


async def test_the_reader_follows_a_failover_of_the_sentinels(tmp_path: Path) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(redis_server(tmp_path / "first", "secret"))
        replication = ["--replicaof", "127.0.0.1", str(first.port), "--masterauth", "secret"]
        replication += ["--repl-diskless-sync-delay", "0"]
        second = stack.enter_context(redis_server(tmp_path / "second", "secret", replication))
        client(first).config_set("repl-diskless-sync-delay", 0)
        publish(first.url, "mail", range(3))
        wait_for(lambda: client(second).exists("mail"), 30)
        url = stack.enter_context(sentinel_url(tmp_path / "sentinel", first))
        reader = reader_for(url)

        async def is_read() -> bool:
            reading = await reader.read(["mail"])
            return (reading.reachable, reading.queues[0].ready) == (True, 3)

        await wait_for_async(is_read)
        assert (await read_redis_server(url)).role == "master"
        # A Sentinel learns of the replicas from the master, every ten seconds at most.
        wait_for(lambda: replicas_known(parse(url).port))
        first.kill()
        gone = await reader.read(["mail"])
        assert (gone.reachable, gone.reason) == (False, BrokerReason.CONNECTION_REFUSED)
        # Only now: a Sentinel that has given its master up names none.
        ask_sentinel(parse(url).port, "set", "shop", "down-after-milliseconds", "2000")
        # A Sentinel that stood still for two seconds does nothing for the next thirty.
        await wait_for_async(is_read, 120)
        await reader.close()


def replicas_known(port: int | None) -> bool:
    """Whether the Sentinel could make another one the master."""
    return "master-link-status\nok" in ask_sentinel(port, "replicas", "shop")


def ask_sentinel(port: int | None, *words: str) -> str:
    command = ["redis-cli", "-e", "-p", str(port), "sentinel", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
