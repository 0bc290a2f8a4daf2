"""Each way in which a broker can be ill gets its own reason, from real servers and sockets."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from tools.testbed import certificates
from tools.testbed.certificates import POOR_AUTHORITY
from tools.testbed.servers import RabbitServer, RedisServer, free_port, rabbit_server, redis_server
from tools.testbed.waiting import wait_for

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.urls import parse
from celery_probe.sidecar.broker.checks import BrokerChecks, check_of
from celery_probe.sidecar.broker.redis_handshake import RedisSession

PASSWORD = "hunter2"


def checked(url: str) -> BrokerReading:
    with ExitStack() as connections:
        reading = check_of(parse(url), connections)()
    assert PASSWORD not in reading.message
    assert reading.message.endswith(".")
    return reading


def reached(url: str) -> bool:
    reading = checked(url)
    return (reading.reachable, reading.reason) == (True, BrokerReason.REACHABLE)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), PASSWORD) as server:
        yield server


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    with rabbit_server(tmp_path_factory.mktemp("rabbit")) as server:
        yield server


@contextmanager
def silent_server() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def answering_server(answer: bytes) -> Iterator[int]:
    """A port that answers its first connection with these bytes and closes it."""

    def answer_once() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_once)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def test_a_redis_that_knows_the_password_is_reached(redis: RedisServer) -> None:
    assert reached(redis.database(15))


def test_a_redis_user_with_a_name_is_reached(redis: RedisServer) -> None:
    assert reached(f"redis://default:{PASSWORD}@127.0.0.1:{redis.port}/0")


@pytest.mark.parametrize("credentials", ["", ":wrong@", "nobody:hunter2@"])
def test_a_redis_that_refuses_the_login_is_told_from_one_that_is_away(
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


def test_a_rabbitmq_that_refuses_the_login_is_told_from_one_that_is_away(rabbit: RabbitServer) -> None:
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
        reading = checked(f"{scheme}://:{PASSWORD}@127.0.0.1:{port}/0")
    assert (reading.reason, reading.reachable) == (BrokerReason.TIMED_OUT, False)


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_name_that_does_not_resolve_is_told(scheme: str) -> None:
    reading = checked(f"{scheme}://:{PASSWORD}@broker.invalid/0")
    assert (reading.reason, reading.reachable) == (BrokerReason.NAME_NOT_RESOLVED, False)
    assert "broker.invalid" in reading.message


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_hangs_up_is_an_error(scheme: str) -> None:
    with answering_server(b"") as port:
        reading = checked(f"{scheme}://127.0.0.1:{port}/0")
    assert (reading.reason, reading.reachable) == (BrokerReason.ERROR, False)


@pytest.mark.parametrize("scheme", ["rediss", "amqps"])
def test_a_port_that_speaks_no_tls_is_told(scheme: str) -> None:
    with answering_server(b"-ERR this is no TLS\r\n" * 3) as port:
        reading = checked(f"{scheme}://:{PASSWORD}@127.0.0.1:{port}/0")
    assert (reading.reason, reading.reachable) == (BrokerReason.TLS_FAILED, False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that signs itself, for 127.0.0.1, with its key beside it in ``key.pem``."""
    directory = tmp_path_factory.mktemp("tls")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=broker",
    ]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=directory, check=True, capture_output=True, timeout=60)
    return directory / "cert.pem"


@pytest.fixture(scope="module")
def tls_port(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[int]:
    """The TLS port of a Redis with a password."""
    port = free_port()
    arguments = ["--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-auth-clients", "no"]
    arguments += [
        "--tls-key-file",
        str(certificate.with_name("key.pem")),
        "--tls-ca-cert-file",
        str(certificate),
    ]
    with redis_server(tmp_path_factory.mktemp("redis"), PASSWORD, arguments):
        yield port


@pytest.mark.parametrize(
    "query", ["ssl_ca_certs={ca}", "ssl_ca_certs={ca}&ssl_cert_reqs=required", "ssl_cert_reqs=CERT_NONE"]
)
def test_a_redis_behind_tls_is_reached_as_its_url_says(tls_port: int, certificate: Path, query: str) -> None:
    options = query.format(ca=certificate)
    assert reached(f"rediss://:{PASSWORD}@127.0.0.1:{tls_port}/0?{options}")


def test_a_redis_certificate_is_accepted_exactly_where_the_python_of_the_worker_accepts_it(
    tmp_path: Path,
) -> None:
    """Its authority has no key usage. A kept connection is verified again when the Python is known."""
    authority = certificates.authority(tmp_path, extensions=POOR_AUTHORITY)
    server = certificates.server(tmp_path, authority)
    port = free_port()
    arguments = ["--tls-port", str(port), "--tls-auth-clients", "no"]
    arguments += ["--tls-cert-file", str(server.certificate), "--tls-key-file", str(server.key)]
    arguments += ["--tls-ca-cert-file", str(authority.certificate)]
    python: tuple[int, int] | None = None
    url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={authority.certificate}"
    session = RedisSession(parse(url), lambda: python)
    with redis_server(tmp_path / "redis", arguments=arguments), closing(session):
        for python, reachable in ((None, True), ((3, 11), True), ((3, 13), None), ((3, 12), True)):
            reading = session.check()
            assert reading.reachable is reachable, python
            assert reachable or reading.reason is BrokerReason.TLS_FAILED
            assert reachable or "that Python 3.13 and newer do not accept" in reading.message


def test_a_certificate_that_only_the_application_may_trust_is_no_proof_of_an_outage(tls_port: int) -> None:
    reading = checked(f"rediss://:{PASSWORD}@127.0.0.1:{tls_port}/0")
    assert (reading.reason, reading.reachable) == (BrokerReason.TLS_FAILED, None)
    assert "set ssl_ca_certs or ssl_cert_reqs in the URL" in reading.message


def test_a_certificate_file_that_only_the_worker_has_is_no_proof_of_an_outage(tls_port: int) -> None:
    reading = checked(f"rediss://:{PASSWORD}@127.0.0.1:{tls_port}/0?ssl_ca_certs=/nowhere/ca.pem")
    assert (reading.reason, reading.reachable) == (BrokerReason.TLS_FAILED, None)


def test_how_long_a_redis_has_answered_begins_anew_after_each_silence(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        watch = BrokerChecks(redis.url, time.monotonic, interval=0.05)
        watch.start()
        try:
            wait_for(lambda: (watch.answers_for() or 0) > 0.5, 10)
            redis.stop()
            wait_for(lambda: watch.latest().reachable is False, 10)
            assert watch.answers_for() is None
            began = time.monotonic()
            redis.start()
            answered = wait_for(watch.answers_for, 10)
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
    reading = checked(redis.url)
    assert (reading.reason, reading.reachable) == (BrokerReason.TIMED_OUT, False)


def test_a_redis_user_who_may_write_no_key_of_ours_is_let_in(redis: RedisServer, admin: Redis) -> None:
    admin.acl_setuser("tenant", enabled=True, passwords=[f"+{PASSWORD}"], keys=["shop*"], commands=["+@all"])
    assert reached(f"redis://tenant:{PASSWORD}@127.0.0.1:{redis.port}/0")


def test_checks_share_one_connection_and_replace_it_when_it_is_gone(redis: RedisServer, admin: Redis) -> None:
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
    wait_for(lambda: not of_the_session(), 5, "the connection to be given back")
