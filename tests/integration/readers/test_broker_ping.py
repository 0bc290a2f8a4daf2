"""A broker that answers, and that a worker cannot use all the same: ``preflight`` says so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import amqp
import pytest
from redis import Redis
from redis.lock import Lock
from tools.testbed.clusters import redis_cluster
from tools.testbed.sentinels import sentinel
from tools.testbed.servers import RabbitServer, RedisServer, rabbit_server, redis_server
from tools.testbed.waiting import wait_for_async

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers.broker_ping import ping_broker
from celery_health.readers.parameters import parse_broker
from tests.integration.readers.conftest import Read

EVERYTHING = ("~*", "&*", "+@all")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as found:
        yield found


async def ping(url: str) -> BrokerReading:
    """The first reading that a busy machine has not cut short."""

    async def answered() -> BrokerReading | None:
        reading = await ping_broker(parse_broker(url), 30)
        return None if reading.reason is BrokerReason.TIMED_OUT else reading

    return await wait_for_async(answered)


async def ping_as(server: RedisServer, *rules: str) -> BrokerReading:
    """The reading of a user with these rules. Nothing in the server changes."""
    client: Any = Redis(port=server.port)
    client.execute_command("ACL", "SETUSER", "shop", "reset", "on", ">word", *rules)
    found = await ping(f"redis://shop:word@127.0.0.1:{server.port}/3")
    assert Redis(port=server.port, db=3).dbsize() == 0
    return found


@pytest.mark.parametrize("rules", [EVERYTHING, ("~*", "&*", "+@all", "-@admin", "-client", "-info")])
async def test_a_user_who_may_do_all_that_a_worker_does(server: RedisServer, rules: tuple[str, ...]) -> None:
    assert (await ping_as(server, *rules)).reachable is True


# With each of these rules a worker of Celery 5.6 ends.
@pytest.mark.parametrize(
    "command", ["multi", "exec", "llen", "brpop", "set", "sadd", "zadd", "hset", "zrem", "hdel", "evalsha"]
)
async def test_a_command_without_which_a_worker_ends(server: RedisServer, command: str) -> None:
    found = await ping_as(server, *EVERYTHING, f"-{command}")
    assert (found.reachable, found.reason) == (False, BrokerReason.NOT_PERMITTED)
    assert f"allow +{command}." in found.message


async def test_a_user_who_may_only_read(server: RedisServer) -> None:
    found = await ping_as(server, "~*", "&*", "+@read", "+@connection", "+info", "+client")
    assert found.reachable is False
    assert "allow +multi" in found.message


async def test_script_is_needed_until_a_worker_has_loaded_the_script_of_its_lock(tmp_path: Path) -> None:
    with redis_server(tmp_path, arguments=("--rename-command", "SCRIPT", "other")) as server:
        found = await ping(server.url)
        assert (found.reachable, found.reason) == (False, BrokerReason.ERROR)
        assert "does not know SCRIPT, which workers use: remove rename-command SCRIPT from" in found.message
        client: Any = Redis(port=server.port)
        client.execute_command("other", "LOAD", Lock.LUA_RELEASE_SCRIPT)
        assert (await ping(server.url)).reachable is True


# With each of these a worker of Celery 5.6 ends.
@pytest.mark.parametrize(("command", "reachable"), [("LLEN", False), ("EVALSHA", False), ("PUBLISH", None)])
async def test_a_command_that_the_server_has_renamed(
    tmp_path: Path, command: str, reachable: bool | None
) -> None:
    with redis_server(tmp_path, arguments=("--rename-command", command, "other")) as server:
        found = await ping(server.url)
        assert Redis(port=server.port).dbsize() == 0
    assert found.reachable is reachable
    assert f"does not know {command}, which" in found.message
    assert f"remove rename-command {command} from" in found.message


DEFAULT_KEYS = ("~celery*", "~_kombu*", "~unacked*", "&*", "+@all")


@pytest.mark.parametrize(
    ("rules", "advice"),
    [
        (DEFAULT_KEYS, "Allow ~*.celery.pidbox*."),
        ((*DEFAULT_KEYS, "~*.reply.celery.pidbox*"), "Allow ~*.celery.pidbox*."),
        ((*DEFAULT_KEYS[1:], "~celery", "~celery\x06*", "~*.celery.pidbox*"), "Allow ~celeryev.*."),
        ((*DEFAULT_KEYS, "~*.celery.pidbox*", "resetchannels", "&/3.celery*"), "Allow &/3.celery.pidbox &/3"),
    ],
)
async def test_keys_and_channels_that_a_worker_uses_are_named(
    server: RedisServer, rules: tuple[str, ...], advice: str
) -> None:
    found = await ping_as(server, *rules)
    assert (found.reachable, found.reason) == (None, BrokerReason.UNSUPPORTED_KIND)
    assert advice in found.message


async def test_the_advised_rules_are_enough(server: RedisServer) -> None:
    found = await ping_as(server, "+@all")
    advised = found.message.partition("Allow ")[2].rstrip(".").split()
    assert (await ping_as(server, "+@all", *advised)).reachable is True


@pytest.mark.parametrize(
    "rules",
    [
        ("~*", "+@all", "resetchannels"),
        ("~shop:*", "&*", "+@all"),
        ("~*", "&*", "+@all", "-publish"),
    ],
)
async def test_what_depends_on_the_settings_of_the_application_is_left_open(
    server: RedisServer, rules: tuple[str, ...]
) -> None:
    found = await ping_as(server, *rules)
    assert (found.reachable, found.reason) == (None, BrokerReason.UNSUPPORTED_KIND)
    assert "workers end there, unless the application has other settings" in found.message


async def test_a_redis_cluster_needs_a_hash_tag_in_the_prefix(tmp_path: Path) -> None:
    with redis_cluster(tmp_path) as cluster:
        found = await ping(cluster.url)
    assert (found.reachable, found.reason) == (None, BrokerReason.UNSUPPORTED_KIND)
    assert "hash tag" in found.message


async def test_a_sentinel_is_no_redis_and_a_redis_no_sentinel(
    server: RedisServer, tmp_path: Path, read: Read
) -> None:
    with sentinel(tmp_path, server.port) as port:
        found = await ping(f"redis://127.0.0.1:{port}/0")
    assert (found.reachable, found.reason) == (False, BrokerReason.ERROR)
    assert "write sentinel://" in found.message
    found = await read(f"sentinel://127.0.0.1:{server.port}/0?master_name=shop", ["mail"])
    assert (found.reachable, found.reason) == (False, BrokerReason.ERROR)
    assert "write redis://" in found.message


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    with rabbit_server(tmp_path_factory.mktemp("rabbit")) as found:
        yield found


async def ping_rabbit(rabbit: RabbitServer, *permissions: str) -> BrokerReading:
    """The reading of a user who may configure, write to and read from these names."""
    rabbit.control("set_permissions", "shop", *permissions)
    return await ping(f"amqp://shop:word@127.0.0.1:{rabbit.port}//")


async def test_a_user_of_rabbitmq_without_permissions_is_not_called_ready(rabbit: RabbitServer) -> None:
    rabbit.control("add_user", "shop", "word")
    found = await ping_rabbit(rabbit, "^$", "^$", "^$")
    assert (found.reachable, found.reason) == (None, BrokerReason.UNSUPPORTED_KIND)
    found = await ping_rabbit(rabbit, ".*", "^$", ".*")
    assert "no write permission for celery, " in found.message
    # With each of these a worker of Celery 5.6 ends.
    found = await ping_rabbit(rabbit, *["^celery.*"] * 3)
    assert (found.reachable, found.reason) == (None, BrokerReason.UNSUPPORTED_KIND)
    assert (
        "no configure permission for UUID.reply.celery.pidbox, WORKER.celery.pidbox, reply" in found.message
    )
    assert "no write permission for UUID.reply.celery.pidbox, reply.celery.pidbox, WORKER" in found.message
    assert "no read permission for UUID.reply.celery.pidbox, WORKER" in found.message
    found = await ping_rabbit(rabbit, ".*", ".*", "^(celery|reply|own).*")
    assert "gives the user no read permission for UUID.reply.celery.pidbox, WORKER" in found.message
    names = r"^(celery|celeryev(\..+)?|(.+\.)?celery\.pidbox)$"
    assert (await ping_rabbit(rabbit, names, names, names)).reachable is True


async def test_what_a_worker_may_do_is_found_out_without_a_trace(rabbit: RabbitServer) -> None:
    connection = amqp.Connection(host=f"127.0.0.1:{rabbit.port}")
    with connection:
        channel = connection.channel()
        # As a worker declares them, with a message that waits.
        channel.queue_declare("celery", durable=True, auto_delete=False)
        channel.basic_publish(amqp.Message("task"), routing_key="celery")
        for name, kind in (("celery", "direct"), ("celery.pidbox", "fanout"), ("celeryev", "topic")):
            channel.exchange_declare(name, kind, durable=name != "celery.pidbox", auto_delete=False)
        before = objects(rabbit)
        assert (await ping(rabbit.url)).reachable is True
        assert objects(rabbit) == before
        message = channel.basic_get("celery")
        assert message.body == "task"
        assert not message.delivery_info["redelivered"]


async def test_a_rabbitmq_with_an_alarm_is_not_ready(rabbit: RabbitServer) -> None:
    rabbit.control("set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        found = await wait_for_async(lambda: unless_ready(rabbit))
        assert (found.reachable, found.reason) == (False, BrokerReason.ALARM)
        assert "has a memory or disk alarm and takes no messages" in found.message
    finally:
        rabbit.control("set_vm_memory_high_watermark", "0.4")


def objects(rabbit: RabbitServer) -> str:
    """The queues, exchanges and bindings of the server."""
    listed = ("rabbit_amqqueue:list_names()", "rabbit_exchange:list_names()", 'rabbit_binding:list(<<"/">>)')
    return rabbit.control("eval", f"lists:sort(lists:append([{', '.join(listed)}])).")


async def unless_ready(rabbit: RabbitServer) -> BrokerReading | None:
    found = await ping(rabbit.url)
    return None if found.reachable is True else found
