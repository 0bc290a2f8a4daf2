"""The Redis reader against real servers: lengths, logins, and every way in which a server can fail."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from celery import Celery
from kombu import Connection
from redis import Redis
from tools.testbed.sentinels import sentinel
from tools.testbed.servers import RedisServer, free_port, redis_server
from tools.testbed.waiting import BUSY_SECONDS, wait_for_async

from celery_health.broker import QueueReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from tests.integration.readers.conftest import Read

TOTAL_SECONDS = 5.0


def client(server: RedisServer, database: int = 0) -> Redis:
    """The test's own way in."""
    return Redis(port=server.port, password=server.password or None, db=database)


def publish(url: str, queue: str, priorities: range, **transport_options: object) -> None:
    """Send one task of each priority, as an application would."""
    app = Celery(broker=url, set_as_current=False)
    app.conf.update(broker_transport_options=transport_options, task_ignore_result=True)
    with app.connection_for_write() as connection:
        for priority in priorities:
            app.send_task("shop.pay", queue=queue, priority=priority, connection=connection)
    app.close()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that the test may freeze, stop and change."""
    with redis_server(tmp_path / "redis", password="secret") as server:
        yield server


async def test_the_length_of_a_queue_is_the_sum_over_its_priority_lists(
    redis: RedisServer, read: Read
) -> None:
    publish(redis.database(1), "mail", range(10))
    reading = await read(redis.database(1), ["mail"])
    assert reading.queues == (QueueReading("mail", 10, exists=True),)
    assert (reading.reachable, reading.reason) == (True, BrokerReason.REACHABLE)
    assert cast("int", client(redis, 1).llen("mail")) < 10


async def test_lists_with_a_prefix_and_steps_of_their_own_are_found(redis: RedisServer, read: Read) -> None:
    options = {"global_keyprefix": "shop:", "priority_steps": [0, 5], "sep": ":"}
    publish(redis.database(2), "mail", range(10), **options)
    naming = RedisNaming(priority_steps=(0, 5), separator=":", key_prefix="shop:")
    assert (await read(redis.database(2), ["mail"], naming)).queues[0].ready == 10
    assert (await read(redis.database(2), ["mail"])).queues[0].ready == 0


async def test_an_empty_queue_has_no_key_and_counts_as_zero(redis: RedisServer, read: Read) -> None:
    reading = await read(redis.database(3), ["nothing"])
    assert reading.queues == (QueueReading("nothing", 0),)


async def test_without_queues_the_answer_alone_is_the_reading(redis: RedisServer, read: Read) -> None:
    reading = await read(redis.database(3))
    assert (reading.reachable, reading.queues) == (True, ())
    assert reading.memory is not None
    assert (reading.memory.used > 0, reading.memory.limit) == (True, 0)


async def test_many_readings_cost_one_connection_and_one_round_trip_each(redis: RedisServer) -> None:
    watcher = client(redis)
    reader = reader_for(redis.database(4))
    await reader.read(["a", "b"])
    before = cast("dict[str, int]", watcher.info("stats"))
    for _ in range(20):
        await reader.read(["a", "b"])
    after = cast("dict[str, int]", watcher.info("stats"))
    assert after["total_connections_received"] == before["total_connections_received"]
    # Three of the server, three of what is unacknowledged, two that find queues, four lists for each
    # of two queues, all in one write; INFO itself is the one more.
    assert after["total_commands_processed"] - before["total_commands_processed"] == 20 * 16 + 1
    await reader.close()


async def test_a_key_that_is_no_list_leaves_the_length_unknown(redis: RedisServer, read: Read) -> None:
    client(redis, 5).set("mail", "no list")
    reading = await read(redis.database(5), ["mail", "other"])
    assert [queue.ready for queue in reading.queues] == [None, 0]
    assert reading.reason is BrokerReason.ERROR


async def test_a_wrong_password_is_refused_and_never_shown(own_redis: RedisServer, read: Read) -> None:
    reading = await read(f"redis://:hunter2@127.0.0.1:{own_redis.port}/0", ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.AUTHENTICATION_FAILED)
    assert "hunter2" not in repr(reading)


async def test_a_missing_password_is_reported_as_a_refused_login(own_redis: RedisServer, read: Read) -> None:
    reading = await read(f"redis://127.0.0.1:{own_redis.port}/0", ["mail"])
    assert reading.reason is BrokerReason.AUTHENTICATION_FAILED


async def test_a_rotated_password_is_reported_and_the_new_url_works(
    own_redis: RedisServer, read: Read
) -> None:
    reader = reader_for(own_redis.url)
    assert (await reader.read(["mail"])).reachable is True
    watcher = client(own_redis)
    watcher.config_set("requirepass", "rotated")
    watcher.client_kill_filter(_type="normal", skipme=True)
    assert (await reader.read(["mail"])).reason is BrokerReason.AUTHENTICATION_FAILED
    assert (await read(f"redis://:rotated@127.0.0.1:{own_redis.port}/0", ["mail"])).reachable is True
    await reader.close()


async def test_a_user_who_may_not_count_is_reported_and_the_broker_stays_reachable(
    own_redis: RedisServer, read: Read
) -> None:
    client(own_redis).acl_setuser("shop", enabled=True, passwords=["+word"], keys=["*"], commands=["+brpop"])
    reading = await read(f"redis://shop:word@127.0.0.1:{own_redis.port}/0", ["mail"])
    assert (reading.reachable, reading.reason) == (True, BrokerReason.NOT_PERMITTED)
    assert reading.queues == (QueueReading("mail", None),)


async def test_a_user_who_may_count_needs_no_other_permission(own_redis: RedisServer, read: Read) -> None:
    client(own_redis).acl_setuser("shop", enabled=True, passwords=["+word"], keys=["*"], commands=["+llen"])
    reading = await read(f"redis://shop:word@127.0.0.1:{own_redis.port}/0", ["mail"])
    assert (reading.reachable, reading.reason) == (True, BrokerReason.REACHABLE)
    assert reading.queues[0].ready == 0


async def test_a_replica_is_no_broker(own_redis: RedisServer, read: Read) -> None:
    client(own_redis).replicaof("127.0.0.1", str(free_port()))
    reading = await read(own_redis.url, ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.READ_ONLY)


async def test_a_frozen_server_costs_a_bounded_time_and_is_read_again_when_it_thaws(
    own_redis: RedisServer,
) -> None:
    reader = reader_for(own_redis.url)
    assert (await reader.read(["mail"])).reachable is True
    own_redis.pause()
    for _ in range(2):  # over the kept connection, then over a new one
        started = time.monotonic()
        reading = await reader.read(["mail"])
        assert (reading.reachable, reading.reason) == (False, BrokerReason.TIMED_OUT)
        assert time.monotonic() - started < TOTAL_SECONDS + BUSY_SECONDS
    own_redis.resume()

    async def is_reachable() -> bool:
        return (await reader.read(["mail"])).reachable is True

    await wait_for_async(is_reachable)
    await reader.close()


async def test_a_restarted_server_is_read_at_the_next_reading(own_redis: RedisServer) -> None:
    reader = reader_for(own_redis.url)
    assert (await reader.read(["mail"])).reachable is True
    own_redis.restart()
    assert (await reader.read(["mail"])).reachable is True
    own_redis.stop()
    reading = await reader.read(["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.CONNECTION_REFUSED)
    assert reading.queues == (QueueReading("mail", None),)
    await reader.close()


async def test_a_server_at_its_limit_of_clients_is_reported(own_redis: RedisServer, read: Read) -> None:
    client(own_redis).config_set("maxclients", "1")
    holders = [socket.create_connection(("127.0.0.1", own_redis.port)) for _ in range(2)]
    reading = await read(own_redis.url, ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.TOO_MANY_CONNECTIONS)
    for holder in holders:
        holder.close()


async def test_a_name_that_does_not_resolve_is_reported(read: Read) -> None:
    reading = await read("redis://no-such-host.invalid:6379/0", ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.NAME_NOT_RESOLVED)
    assert "no-such-host.invalid does not resolve" in reading.message


async def test_a_port_where_nothing_listens_is_reported(read: Read) -> None:
    reading = await read(f"redis://localhost:{free_port()}/0", ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.CONNECTION_REFUSED)


async def test_the_second_failover_url_is_read_when_the_first_is_dead(redis: RedisServer, read: Read) -> None:
    dead = f"redis://127.0.0.1:{free_port()}/0"
    assert (await read(f"{dead};{dead}", ["mail"])).reason is BrokerReason.CONNECTION_REFUSED
    reader = reader_for(f"{dead};{redis.database(3)}")
    for _ in range(2):
        reading = await reader.read(["mail"])
        assert (reading.reachable, reading.address) == (True, redis.database(3))
    await reader.close()


@pytest.fixture(scope="module")
def tls_port(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    arguments = ["--tls-port", str(port), "--tls-auth-clients", "no"]
    arguments += ["--tls-cert-file", str(certificate), "--tls-key-file", str(certificate.with_suffix(".key"))]
    arguments += ["--tls-ca-cert-file", str(certificate)]
    with redis_server(tmp_path_factory.mktemp("redis-tls"), arguments=arguments):
        yield port


async def test_a_trusted_certificate_is_read(tls_port: int, certificate: Path, read: Read) -> None:
    url = f"rediss://localhost:{tls_port}/0?ssl_cert_reqs=required&ssl_ca_certs={certificate}"
    assert (await read(url, ["mail"])).reachable is True


async def test_an_unchecked_certificate_is_read_when_the_url_says_so(tls_port: int, read: Read) -> None:
    assert (await read(f"rediss://localhost:{tls_port}/0?ssl_cert_reqs=none", ["mail"])).reachable is True


async def test_without_options_no_certificate_is_verified_as_in_kombu(tls_port: int, read: Read) -> None:
    url = f"rediss://localhost:{tls_port}/0"
    with Connection(url) as connection:
        connection.connect()
    assert (await read(url, ["mail"])).reachable is True


async def test_a_certificate_that_is_not_trusted_proves_no_outage(tls_port: int, read: Read) -> None:
    reading = await read(f"rediss://localhost:{tls_port}/0?ssl_cert_reqs=required", ["mail"])
    assert (reading.reachable, reading.reason) == (None, BrokerReason.TLS_FAILED)


async def test_a_certificate_file_that_is_not_here_proves_no_outage(tls_port: int, read: Read) -> None:
    url = f"rediss://localhost:{tls_port}/0?ssl_cert_reqs=required&ssl_ca_certs=/nowhere/ca.crt"
    reading = await read(url, ["mail"])
    assert (reading.reachable, reading.reason) == (None, BrokerReason.TLS_FAILED)


async def test_tls_that_the_server_does_not_support_is_reported(redis: RedisServer, read: Read) -> None:
    reading = await read(f"rediss://127.0.0.1:{redis.port}/0", ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.TIMED_OUT)
    assert "TLS" in reading.message


async def test_a_tls_port_read_without_tls_is_reported_with_the_scheme_to_write(
    tls_port: int, read: Read
) -> None:
    reading = await read(f"redis://127.0.0.1:{tls_port}/0", ["mail"])
    # The workers may have broker_use_ssl.
    assert reading.reachable is None
    assert "rediss://" in reading.message


@pytest.fixture
def sentinel_port(redis: RedisServer, tmp_path: Path) -> Iterator[int]:
    with sentinel(tmp_path / "sentinel", redis.port) as port:
        yield port


async def test_sentinels_are_asked_for_the_master(redis: RedisServer, sentinel_port: int, read: Read) -> None:
    publish(redis.database(6), "mail", range(3))
    dead = f"sentinel://127.0.0.1:{free_port()}/6?master_name=shop"
    reading = await read(f"{dead};sentinel://127.0.0.1:{sentinel_port}", ["mail"])
    assert (reading.reachable, reading.queues[0].ready) == (True, 3)


async def test_a_master_that_no_sentinel_knows_is_reported(sentinel_port: int, read: Read) -> None:
    reading = await read(f"sentinel://127.0.0.1:{sentinel_port}/0?master_name=other", ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.ERROR)
    assert "master other" in reading.message


async def test_something_that_is_no_redis_is_a_reading_too(read: Read) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        reading = await read(f"redis://127.0.0.1:{port}/0", ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.TIMED_OUT)


async def test_a_key_that_is_no_list_is_named_and_one_of_a_dead_letter_queue_does_not_fail_the_broker(
    redis: RedisServer, read: Read
) -> None:
    for key in ("mail.dead-letter", "broken"):
        client(redis, 8).set(key, "text")
    publish(redis.database(8), "mail", range(1))
    works = await read(redis.database(8), ["mail", "mail.dead-letter"])
    assert (works.reachable, works.reason) == (True, BrokerReason.REACHABLE)
    assert [queue.ready for queue in works.queues] == [1, None]
    assert works.queues[1].problem == "The Redis key mail.dead-letter is not a list"
    fails = await read(redis.database(8), ["mail", "broken", "mail.dead-letter"])
    assert (fails.reachable, fails.reason) == (False, BrokerReason.ERROR)
    assert "its key broken is not a list" in fails.message
