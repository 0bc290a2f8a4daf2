"""What the Redis reader finds without being asked: unacknowledged messages, other queues, refused writes."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from celery import Celery
from kombu import Connection
from redis import Redis
from redis.exceptions import NoPermissionError
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import wait_for

from celery_health.broker import BrokerReader, BrokerReading, QueueReading, RedisNaming, UnackedReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.readers.redis.queue_discovery import MAX_STEP
from tests.integration.readers.conftest import Read
from tests.integration.readers.test_redis import client, publish

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "readers.md"


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that the test may fill and change."""
    arguments = ["--enable-debug-command", "yes", "--dir", str(tmp_path)]
    with redis_server(tmp_path / "redis", password="secret", arguments=arguments) as server:
        yield server


async def until_found(reader: BrokerReader, queue: str) -> BrokerReading:
    """Read until the reader has found messages in a queue that it is not asked for."""
    for _ in range(300):
        reading = await reader.read(["mail"])
        if queue in {other.name for other in reading.other_queues}:
            return reading
    raise AssertionError(f"{queue} was not found: {reading}")


@pytest.mark.parametrize(
    ("number", "options", "naming"),
    [
        (1, {}, RedisNaming()),
        (2, {"global_keyprefix": "shop:"}, RedisNaming(key_prefix="shop:")),
        (
            3,
            {"unacked_key": "taken", "unacked_index_key": "taken_at"},
            RedisNaming(unacked_key="taken", unacked_index_key="taken_at"),
        ),
    ],
)
async def test_what_was_taken_and_not_acknowledged_is_counted_with_the_age_of_the_oldest(
    redis: RedisServer, number: int, options: dict[str, str], naming: RedisNaming
) -> None:
    url = redis.database(number)
    reader = reader_for(url, naming)
    nothing = (await reader.read(["mail"])).unacked
    assert nothing is not None
    assert (nothing.count, nothing.oldest_age) == (0, None)
    publish(url, "mail", range(3), **options)
    with Connection(url, transport_options=options) as connection:
        queue = connection.SimpleQueue("mail")
        queue.consumer.qos(prefetch_count=2)
        queue.get(timeout=5)
        reading = await reader.read(["mail"])
    assert reading.unacked is not None
    assert reading.unacked.count >= 1
    assert reading.unacked.oldest_age is not None
    assert 0 <= reading.unacked.oldest_age < 30
    await reader.close()


async def test_other_queues_with_messages_are_found(redis: RedisServer) -> None:
    url = redis.database(8)
    publish(url, "mail", range(1))
    publish(url, "forgotten", range(10))
    app = Celery(broker=url, set_as_current=False)
    app.control.ping(timeout=0.01)  # its exchanges and reply lists are not task queues
    app.close()
    keys = client(redis, 8)
    keys.sadd("_kombu.binding.reply.celery.pidbox", "\x06\x16\x06\x16nobody.reply.celery.pidbox")
    keys.rpush("unused.reply.celery.pidbox", "answer")
    keys.sadd("_kombu.binding.celeryev", "#\x06\x16\x06\x16celeryev.monitor")
    keys.rpush("celeryev.monitor", "event")
    reader = reader_for(url)
    reading = await until_found(reader, "forgotten")
    assert reading.other_queues == (QueueReading("forgotten", 10, exists=True),)
    assert reading.queues[0].ready == 1
    keys.delete("_kombu.binding.forgotten")
    for _ in range(3):  # one reading each for the walk, the bindings and the lengths
        reading = await reader.read(["mail"])
    assert reading.other_queues == ()
    await reader.close()


async def test_a_prefix_with_wildcards_finds_its_own_queues_alone(redis: RedisServer) -> None:
    url = redis.database(9)
    publish(url, "mine", range(1), global_keyprefix="[shop]*")
    publish(url, "theirs", range(1), global_keyprefix="shop")
    reader = reader_for(url, RedisNaming(key_prefix="[shop]*"))
    reading = await until_found(reader, "mine")
    assert [queue.name for queue in reading.other_queues] == ["mine"]
    await reader.close()


async def test_a_million_keys_do_not_slow_a_reading(own_redis: RedisServer) -> None:
    keys = client(own_redis)
    keys.execute_command("DEBUG", "POPULATE", "1000000", "key", "20")  # type: ignore[no-untyped-call]
    publish(own_redis.url, "forgotten", range(1))
    reader = reader_for(own_redis.url)
    # Redis notes every command: how many keys one visits says more than a time on a busy machine.
    keys.config_set("slowlog-max-len", 10_000)
    keys.config_set("slowlog-log-slower-than", 0)
    for _ in range(10):
        assert (await reader.read(["mail"])).reachable is True
    steps = [int(words[-1]) for words in noted(keys) if words[0] == b"SCAN"]
    assert len(steps) == 10
    assert max(steps) <= MAX_STEP
    assert (await until_found(reader, "forgotten")).other_queues[0].ready == 1
    assert not {words[0] for words in noted(keys)} & {b"KEYS", b"SMEMBERS"}
    await reader.close()


def noted(keys: Redis) -> list[list[bytes]]:
    """The words of the commands in the slow log."""
    entries = cast("list[dict[str, bytes]]", keys.slowlog_get(10_000))
    return [entry["command"].split() for entry in entries]


async def test_reading_changes_no_key(redis: RedisServer, read: Read) -> None:
    await read(redis.database(10), ["mail"])
    assert client(redis, 10).dbsize() == 0


@pytest.mark.parametrize("policy", ["noeviction", "volatile-lru"])
async def test_a_server_at_its_maxmemory_is_reported_as_out_of_memory(
    own_redis: RedisServer, policy: str, read: Read
) -> None:
    fill(client(own_redis), policy)
    reading = await read(own_redis.url, ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.OUT_OF_MEMORY)
    assert "raise maxmemory" in reading.message
    assert reading.queues[0].ready == 0
    client(own_redis).config_set("maxmemory", 0)
    assert (await read(own_redis.url, ["mail"])).reachable is True


def fill(keys: Redis, policy: str) -> None:
    """Leave less memory than is used, without a key that might be evicted under most policies."""
    keys.set("big", b"x" * 2_000_000)
    keys.config_set("maxmemory-policy", policy)
    keys.config_set("maxmemory", "1mb")


async def test_a_server_that_may_evict_is_not_out_of_memory(own_redis: RedisServer, read: Read) -> None:
    keys = client(own_redis)
    keys.config_set("maxmemory-policy", "allkeys-lru")
    keys.execute_command("DEBUG", "POPULATE", "20000", "key", "200")  # type: ignore[no-untyped-call]
    keys.config_set("maxmemory", "4mb")
    assert (await read(own_redis.url, ["mail"])).reachable is True


async def test_a_user_who_may_not_write_learns_of_a_full_server_from_its_numbers(
    own_redis: RedisServer, read: Read
) -> None:
    keys = client(own_redis)
    keys.acl_setuser("eye", enabled=True, passwords=["+word"], keys=["*"], commands=["+llen", "+info"])
    url = f"redis://eye:word@127.0.0.1:{own_redis.port}/0"
    assert (await read(url, ["mail"])).reachable is True
    fill(keys, "noeviction")
    assert (await read(url, ["mail"])).reason is BrokerReason.OUT_OF_MEMORY


async def test_a_server_whose_disk_fails_takes_no_writes_and_says_why(
    own_redis: RedisServer, read: Read, tmp_path: Path
) -> None:
    keys = client(own_redis)
    keys.config_set("save", "3600 1")
    (tmp_path / "dump.rdb").mkdir()  # where the snapshot belongs
    keys.bgsave()
    wait_for(lambda: cast("dict[str, str]", keys.info("persistence"))["rdb_last_bgsave_status"] == "err")
    reading = await read(own_redis.url, ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.ERROR)
    assert "MISCONF" in reading.message
    shutil.rmtree(tmp_path / "dump.rdb")


async def test_a_server_that_misses_its_replicas_takes_no_writes(own_redis: RedisServer, read: Read) -> None:
    client(own_redis).config_set("min-replicas-to-write", 1)
    reading = await read(own_redis.url, ["mail"])
    assert reading.reachable is False
    assert "NOREPLICAS" in reading.message


async def test_a_user_who_may_only_count_gets_the_counts_alone(own_redis: RedisServer, read: Read) -> None:
    publish(own_redis.url, "forgotten", range(1))
    client(own_redis).acl_setuser("shop", enabled=True, passwords=["+word"], keys=["*"], commands=["+llen"])
    reader = reader_for(f"redis://shop:word@127.0.0.1:{own_redis.port}/0")
    for _ in range(4):
        reading = await reader.read(["mail"])
    assert (reading.reachable, reading.unacked, reading.other_queues) == (True, None, ())
    await reader.close()


async def test_a_user_of_one_prefix_gets_what_lies_there(own_redis: RedisServer) -> None:
    publish(own_redis.url, "forgotten", range(1), global_keyprefix="shop:")
    commands = ["+@all", "-@dangerous"]
    client(own_redis).acl_setuser(
        "shop", enabled=True, passwords=["+word"], keys=["shop:*"], commands=commands
    )
    reader = reader_for(f"redis://shop:word@127.0.0.1:{own_redis.port}/0", RedisNaming(key_prefix="shop:"))
    reading = await until_found(reader, "forgotten")
    assert (reading.reachable, reading.reason) == (True, BrokerReason.REACHABLE)
    assert reading.unacked is not None
    await reader.close()


async def test_the_user_of_the_docs_may_read_all_and_nothing_of_the_messages(own_redis: RedisServer) -> None:
    (words,) = re.findall(r"^ACL SETUSER health on >PASSWORD (.+)$", PAGE.read_text(), re.MULTILINE)
    client(own_redis).execute_command("ACL", "SETUSER", "health", "on", ">word", *words.split())  # type: ignore[no-untyped-call]
    publish(own_redis.database(5), "forgotten", range(1))
    url = f"redis://health:word@127.0.0.1:{own_redis.port}/5"
    reader = reader_for(url)
    reading = await until_found(reader, "forgotten")
    assert (reading.reachable, reading.reason) == (True, BrokerReason.REACHABLE)
    assert reading.unacked == UnackedReading(0, None)
    fill(client(own_redis), "volatile-lru")
    assert (await reader.read(["mail"])).reason is BrokerReason.OUT_OF_MEMORY
    await reader.close()
    with pytest.raises(NoPermissionError), Redis.from_url(url) as health:
        health.lrange("forgotten", 0, -1)
