"""Each way in which a broker can fail gets its own reason, from real servers and sockets."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from tools.testbed.servers import RabbitServer, RedisServer, free_port, redis_server
from tools.testbed.waiting import wait_for

from celery_health.catalogue.brokers import BrokerReason
from celery_health.urls import parse
from celery_probe.sidecar.broker.checks import BrokerChecks
from celery_probe.sidecar.broker.redis_handshake import RedisSession
from tests.integration.sidecar.checked import PASSWORD, checked, reached, wait_longer_for_redis


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), PASSWORD) as server:
        yield server


@contextmanager
def silent_server() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def answering_server(answer: bytes) -> Iterator[int]:
    """A port that answers each connection with these bytes and closes it."""

    def answer_all() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.recv(1024)
                    connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_all)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_a_redis_that_knows_the_password_is_reached(redis: RedisServer) -> None:
    assert reached(redis.database(15))


def test_a_redis_user_with_a_name_is_reached(redis: RedisServer) -> None:
    assert reached(f"redis://default:{PASSWORD}@127.0.0.1:{redis.port}/0")


@pytest.mark.parametrize("credentials", ["", ":wrong@", "stranger:hunter2@"])
def test_a_redis_that_refuses_the_login_is_distinguished_from_one_that_is_away(
    redis: RedisServer, credentials: str
) -> None:
    reading = checked(f"redis://{credentials}127.0.0.1:{redis.port}/0")
    assert (reading.reason, reading.reachable) == (BrokerReason.AUTHENTICATION_FAILED, False)


def test_a_redis_database_that_is_not_there_is_an_error_of_the_broker(redis: RedisServer) -> None:
    reading = checked(redis.database(16))
    assert reading.reason is BrokerReason.ERROR
    assert "DB index is out of range" in reading.message


def test_a_redis_user_who_may_not_ping_is_let_in() -> None:
    with answering_server(
        b"-NOPERM this user has no permissions to run the 'ping' command\r\n:0\r\n"
    ) as port:
        assert reached(f"redis://127.0.0.1:{port}/0")


def test_a_redis_that_still_loads_its_data_does_not_serve() -> None:
    with answering_server(b"-LOADING Redis is loading the dataset in memory\r\n") as port:
        reading = checked(f"redis://127.0.0.1:{port}/0")
    assert (reading.reason, reading.reachable) == (BrokerReason.LOADING, False)


def test_a_rabbitmq_is_reached(rabbit: RabbitServer) -> None:
    assert reached(rabbit.url)


def test_a_rabbitmq_that_refuses_the_login_is_distinguished_from_one_that_is_away(
    rabbit: RabbitServer,
) -> None:
    reading = checked(f"amqp://guest:{PASSWORD}@127.0.0.1:{rabbit.port}//")
    assert (reading.reason, reading.reachable) == (BrokerReason.AUTHENTICATION_FAILED, False)


def test_a_virtual_host_that_is_not_there_is_not_permitted(rabbit: RabbitServer) -> None:
    reading = checked(f"amqp://127.0.0.1:{rabbit.port}/nowhere")
    assert (reading.reason, reading.reachable) == (BrokerReason.NOT_PERMITTED, False)


@pytest.mark.parametrize("scheme", ["redis", "rediss", "sentinel", "amqp", "amqps"])
def test_a_port_that_nothing_listens_on_is_refused(scheme: str) -> None:
    reading = checked(f"{scheme}://:{PASSWORD}@127.0.0.1:{free_port()}/0")
    assert (reading.reason, reading.reachable) == (BrokerReason.CONNECTION_REFUSED, False)


@pytest.mark.parametrize("scheme", ["redis", "rediss", "sentinel", "amqp", "amqps"])
def test_a_broker_that_never_answers_times_out(scheme: str) -> None:
    with silent_server() as port:
        reading = checked(f"{scheme}://:{PASSWORD}@127.0.0.1:{port}/0", times_out=True)
    assert (reading.reason, reading.reachable) == (BrokerReason.TIMED_OUT, False)


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_name_that_does_not_resolve_is_reported(scheme: str) -> None:
    reading = checked(f"{scheme}://:{PASSWORD}@broker.invalid/0")
    assert (reading.reason, reading.reachable) == (BrokerReason.NAME_NOT_RESOLVED, False)
    assert "broker.invalid" in reading.message


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_hangs_up_is_an_error(scheme: str) -> None:
    with answering_server(b"") as port:
        reading = checked(f"{scheme}://127.0.0.1:{port}/0")
    assert (reading.reason, reading.reachable) == (BrokerReason.ERROR, False)


@pytest.mark.parametrize("scheme", ["rediss", "amqps"])
def test_a_port_without_tls_is_reported(scheme: str) -> None:
    with answering_server(b"-ERR this is no TLS\r\n" * 3) as port:
        reading = checked(f"{scheme}://:{PASSWORD}@127.0.0.1:{port}/0")
    assert (reading.reason, reading.reachable) == (BrokerReason.TLS_FAILED, False)


def test_how_long_a_redis_has_answered_begins_anew_after_each_silence(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        watch = BrokerChecks(redis.url, time.monotonic, interval=0.05)
        watch.start()
        try:
            wait_for(lambda: (watch.answers_for() or 0) > 0.5)
            redis.stop()
            wait_for(lambda: watch.latest().reachable is False)
            assert watch.answers_for() is None
            began = time.monotonic()
            redis.start()
            answered = wait_for(watch.answers_for)
            assert answered <= time.monotonic() - began
        finally:
            watch.stop()


@pytest.fixture
def admin(redis: RedisServer) -> Iterator[Redis]:
    """An administrator of the module's Redis, who puts everything back."""
    with Redis(port=redis.port, password=PASSWORD) as admin:
        yield admin
        admin.client_unpause()
        admin.replicaof("NO", "ONE")
        admin.config_set("maxmemory", 0)


def test_a_replica_hands_out_no_messages(redis: RedisServer, admin: Redis) -> None:
    admin.replicaof("127.0.0.1", free_port())
    reading = checked(redis.url)
    assert (reading.reason, reading.reachable) == (BrokerReason.READ_ONLY, False)


def test_a_redis_without_memory_hands_out_no_messages(redis: RedisServer, admin: Redis) -> None:
    admin.config_set("maxmemory", 1)
    reading = checked(redis.url)
    assert (reading.reason, reading.reachable) == (BrokerReason.OUT_OF_MEMORY, False)


def test_a_redis_that_keeps_writers_waiting_does_not_answer_though_it_does_a_ping(
    redis: RedisServer, admin: Redis
) -> None:
    admin.client_pause(60_000, all=False)
    assert admin.ping()
    reading = checked(redis.url, times_out=True)
    assert (reading.reason, reading.reachable) == (BrokerReason.TIMED_OUT, False)


def test_a_redis_user_who_may_write_no_key_of_ours_is_let_in(redis: RedisServer, admin: Redis) -> None:
    admin.acl_setuser("tenant", enabled=True, passwords=[f"+{PASSWORD}"], keys=["shop*"], commands=["+@all"])
    assert reached(f"redis://tenant:{PASSWORD}@127.0.0.1:{redis.port}/0")


def test_checks_share_one_connection_and_replace_it_when_it_is_gone(
    redis: RedisServer, admin: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_longer_for_redis(monkeypatch)

    def of_the_session() -> set[str]:
        clients: Any = admin.client_list()
        return {str(client["id"]) for client in clients if client["cmd"] == "setrange"}

    session = RedisSession(parse(redis.url))
    try:
        assert session.check().reachable
        (first,) = of_the_session()
        assert session.check().reachable
        assert of_the_session() == {first}
        admin.client_kill_filter(_id=first)
        assert session.check().reachable
        assert of_the_session().isdisjoint({first})
        admin.config_set("requirepass", "another")
        reading = session.check()
        assert (reading.reason, reading.reachable) == (BrokerReason.AUTHENTICATION_FAILED, False)
        admin.config_set("requirepass", PASSWORD)
        assert session.check().reachable
    finally:
        session.close()
    wait_for(lambda: not of_the_session(), describe="the connection to be given back")
