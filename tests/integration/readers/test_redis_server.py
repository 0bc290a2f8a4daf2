"""The details of a Redis: its numbers, what fills it, and what lacks when time or rights run out."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from tools.testbed.servers import RedisServer, free_port, redis_server
from tools.testbed.waiting import BUSY_SECONDS

from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers.redis.server_reader import read_redis_server
from tests.integration.readers.test_redis import client


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that the test may fill and change."""
    arguments = ["--enable-debug-command", "yes"]
    with redis_server(tmp_path / "redis", password="secret", arguments=arguments) as server:
        yield server


def store_results(url: str, serializer: str = "json", **states: int) -> None:
    """Store results as an application would, a number in each state."""
    app = Celery(backend=url, set_as_current=False)
    app.conf.update(result_serializer=serializer, accept_content=["json", serializer])
    for state, number in states.items():
        for one in range(number):
            app.backend.store_result(f"{state}-{serializer}-{one}", {"total": one}, state)
    app.close()


async def test_the_server_reports_its_own_numbers(own_redis: RedisServer) -> None:
    client(own_redis, 3).set("other", 1, ex=600)
    client(own_redis).config_set("maxmemory", "200mb")
    server = await read_redis_server(own_redis.url)
    assert server.reading.reachable is True
    assert server.version is not None
    assert server.version.count(".") >= 1
    assert (server.mode, server.role) == ("standalone", "master")
    assert server.uptime_seconds is not None
    assert server.connected_clients is not None
    assert server.connected_clients >= 1
    assert server.max_clients is not None
    assert server.used_memory is not None
    assert 0 < server.used_memory < 200 * 1024 * 1024
    assert (server.maxmemory, server.maxmemory_policy) == (200 * 1024 * 1024, "noeviction")
    assert server.keys == 0
    assert [(one.database, one.keys, one.expires) for one in server.keyspace] == [(3, 1, 1)]
    assert server.persistence is not None
    assert server.persistence.last_save_ok is True
    assert server.persistence.aof_enabled is False
    assert server.persistence.loading is False
    assert server.tasks is not None
    assert (server.tasks.sampled, server.tasks.total) == (False, 0)
    assert "secret" not in repr(server)


async def test_results_are_counted_by_the_state_of_their_task(own_redis: RedisServer) -> None:
    store_results(own_redis.url, SUCCESS=30, FAILURE=2, STARTED=3)
    store_results(own_redis.url, "pickle", SUCCESS=1)
    keys = client(own_redis)
    keys.set("celery-task-meta-huge", '{"status": "PROGRESS", "result": "' + "x" * 1_000_000 + '"}')
    keys.set("celery-task-meta-strange", '{"state": "SUCCESS"}')
    keys.lpush("celery-task-meta-list", "no result")
    keys.rpush("3f2a.reply.celery.pidbox", "answer")
    keys.rpush("unrelated", "message")
    server = await read_redis_server(own_redis.url)
    assert server.tasks is not None
    assert server.tasks.by_state == {
        "SUCCESS": 30,
        "FAILURE": 2,
        "STARTED": 3,
        "PROGRESS": 1,
        "UNREADABLE": 3,
    }
    assert server.tasks.reply_keys == 1
    assert (server.tasks.scanned, server.tasks.total, server.tasks.sampled) == (41, 41, False)


async def test_results_with_a_prefix_are_counted_alone(own_redis: RedisServer) -> None:
    keys = client(own_redis)
    keys.set("[shop]celery-task-meta-1", '{"status": "SUCCESS"}')
    keys.set("scelery-task-meta-1", '{"status": "SUCCESS"}')
    server = await read_redis_server(own_redis.url, key_prefix="[shop]")
    assert server.tasks is not None
    assert server.tasks.by_state == {"SUCCESS": 1}


async def test_a_million_keys_are_sampled_within_the_budget(own_redis: RedisServer) -> None:
    client(own_redis).execute_command("DEBUG", "POPULATE", "1000000", "celery-task-meta", "20")  # type: ignore[no-untyped-call]
    for seconds, number, at_most in ((0.5, 10_000_000, 1_000_000), (10.0, 20_000, 20_000)):
        started = time.monotonic()
        server = await read_redis_server(own_redis.url, max_scan_seconds=seconds, max_scan_keys=number)
        assert time.monotonic() - started < 3 + BUSY_SECONDS
        assert server.keys == 1_000_000
        assert server.tasks is not None
        assert server.tasks.sampled is True
        assert server.tasks.total == 1_000_000
        assert 0 < server.tasks.scanned <= at_most
    commands = client(own_redis).info("commandstats")
    assert "cmdstat_keys" not in str(commands)


async def test_a_user_without_rights_leaves_blanks(own_redis: RedisServer) -> None:
    client(own_redis).acl_setuser("eye", enabled=True, passwords=["+word"], keys=["*"], commands=["+llen"])
    server = await read_redis_server(f"redis://eye:word@127.0.0.1:{own_redis.port}/0")
    assert server.reading.reachable is True
    assert (server.version, server.keys, server.tasks, server.persistence) == (None, None, None, None)


async def test_a_user_who_may_not_scan_gets_the_numbers_alone(own_redis: RedisServer) -> None:
    commands = ["+info", "+dbsize"]
    client(own_redis).acl_setuser("eye", enabled=True, passwords=["+word"], keys=["*"], commands=commands)
    server = await read_redis_server(f"redis://eye:word@127.0.0.1:{own_redis.port}/0")
    assert server.version is not None
    assert (server.keys, server.tasks) == (0, None)


async def test_a_replica_reports_that_it_is_one(own_redis: RedisServer) -> None:
    client(own_redis).replicaof("127.0.0.1", str(free_port()))
    server = await read_redis_server(own_redis.url)
    assert (server.reading.reason, server.role) == (BrokerReason.READ_ONLY, "slave")


async def test_a_full_server_still_reports(own_redis: RedisServer) -> None:
    keys = client(own_redis)
    keys.set("big", b"x" * 2_000_000)
    keys.config_set("maxmemory", "1mb")
    server = await read_redis_server(own_redis.url)
    assert (server.reading.reason, server.maxmemory) == (BrokerReason.OUT_OF_MEMORY, 1024 * 1024)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://127.0.0.1:{port}/0", BrokerReason.CONNECTION_REFUSED),
        ("redis.example", BrokerReason.URL_INVALID),
        ("sqs://key:secret@", BrokerReason.UNSUPPORTED_KIND),
    ],
)
async def test_a_server_that_is_not_redis_is_reported_in_the_reading(url: str, reason: BrokerReason) -> None:
    server = await read_redis_server(url.format(port=free_port()))
    assert (server.reading.reason, server.version, server.tasks) == (reason, None, None)


async def test_a_frozen_server_costs_a_bounded_time(own_redis: RedisServer) -> None:
    own_redis.pause()
    started = time.monotonic()
    server = await read_redis_server(own_redis.url)
    assert time.monotonic() - started < 5 + BUSY_SECONDS
    own_redis.resume()
    assert server.reading.reason is BrokerReason.TIMED_OUT


async def test_the_second_failover_url_is_the_one_that_is_read(own_redis: RedisServer) -> None:
    server = await read_redis_server(f"redis://127.0.0.1:{free_port()}/0;{own_redis.url}")
    assert server.version is not None
