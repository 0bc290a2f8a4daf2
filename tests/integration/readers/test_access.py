"""Readers that read for others: where they connect, and what they say of peers that are no broker."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from tools.testbed.servers import RedisServer, free_port, redis_server

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.readers.access import ANYWHERE, Access, limited_access
from celery_health.readers.databases import mysql, postgresql
from celery_health.readers.rabbitmq import amqp_session
from celery_health.readers.rabbitmq.management import RabbitManagementReader
from celery_health.readers.redis import reader
from celery_health.readers.tls_port import or_speaks_tls
from celery_health.urls import parse, parse_management
from tests.integration.readers.test_redis_failover import sentinel_url
from tests.support.peer import peer

LIMITED = limited_access()
LOOPBACK_ALLOWED = limited_access(allowed=[ip_network("127.0.0.0/8"), ip_network("::1/128")])
DRIVERS = (mysql, postgresql)
"""Imported before the time of a read counts."""
SECRET = "SSH-2.0-OpenSSH_9.9-internal"


async def read(url: str, access: Access) -> BrokerReading:
    reader = reader_for(url, access=access)
    try:
        return await reader.read(["mail"])
    finally:
        await reader.close()


@pytest.fixture(scope="module")
def silent() -> Iterator[list[Any]]:
    """A port of this machine, and the connections that it got."""
    got: list[Any] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                got.append(connection)
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        got.append(listener.getsockname()[1])
        yield got
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize(
    "scheme", ["redis", "rediss", "sentinel", "amqp", "amqps", "db+postgresql", "db+mysql"]
)
async def test_no_reader_connects_to_this_machine_for_others(
    silent: list[Any], scheme: str, host: str
) -> None:
    end = "?master_name=shop" if scheme == "sentinel" else ""

    reading = await read(f"{scheme}://u:p@{host}:{silent[0]}/0{end}", LIMITED)

    assert (reading.reachable, reading.reason) == (None, BrokerReason.ADDRESS_REFUSED)
    assert len(silent) == 1, "it was connected to"


async def test_a_server_whose_network_is_allowed_is_read(redis: RedisServer) -> None:
    for access in (ANYWHERE, LOOPBACK_ALLOWED):
        assert (await read(redis.url, access)).reachable
        assert (await read(redis.url.replace("127.0.0.1", "localhost"), access)).reachable


async def manage(port: int, access: Access) -> BrokerReading:
    """A reading of a management API alone."""
    broker = parse("amqp://guest:guest@127.0.0.1//")
    reader = RabbitManagementReader(parse_management(f"http://127.0.0.1:{port}"), broker, access)
    try:
        return await reader.read(["mail"])
    finally:
        await reader.close()


async def test_a_management_api_on_this_machine_is_not_asked(silent: list[Any]) -> None:
    assert (await manage(silent[0], LIMITED)).reason is BrokerReason.ADDRESS_REFUSED
    assert len(silent) == 1, "it was connected to"


async def test_the_master_that_a_sentinel_names_is_checked_as_well(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    with (
        redis_server(tmp_path / "redis", "secret") as master,
        sentinel_url(tmp_path / "sentinel", master) as url,
    ):
        there = url.replace("@127.0.0.1:", "@127.0.0.2:")
        only_the_sentinel = limited_access(allowed=[ip_network("127.0.0.2/32")])

        allowed = await read(there, LOOPBACK_ALLOWED)
        refused = await read(there, only_the_sentinel)

        assert allowed.reachable, allowed.message
        assert refused.reason is BrokerReason.ADDRESS_REFUSED


async def test_an_address_is_resolved_once_so_that_dns_cannot_change_its_mind(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["127.0.0.1", "127.0.0.3"])
    asked = socket.getaddrinfo

    def rebinding(host: Any, *arguments: Any, **options: Any) -> Any:
        return asked(next(answers) if host == "rebinding.example" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    reading = await read(redis.url.replace("127.0.0.1", "rebinding.example"), LOOPBACK_ALLOWED)

    assert reading.reachable
    assert next(answers) == "127.0.0.3"


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
async def test_a_name_that_leads_elsewhere_after_the_connection_was_closed_is_not_followed(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the server speaks TLS is tried with a connection of its own."""
    asked, addresses = socket.getaddrinfo, ["127.0.0.1"]

    def rebinding(host: Any, *arguments: Any, **options: Any) -> Any:
        return asked(addresses[0] if host == "rebinding.example" else host, *arguments, **options)

    def closing_probe(*arguments: Any) -> Any:
        addresses[0] = "127.0.0.3"
        return or_speaks_tls(*arguments)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    for module in (reader, amqp_session):
        monkeypatch.setattr(module, "or_speaks_tls", closing_probe)
    admitted = limited_access(allowed=[ip_network("127.0.0.1/32")])
    with peer() as closed, socket.create_server(("127.0.0.3", closed.port)) as elsewhere:
        closed.listens = False
        reading = await read(f"{scheme}://rebinding.example:{closed.port}/0", admitted)
        elsewhere.setblocking(False)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()

    assert addresses == ["127.0.0.3"]
    assert "closed the connection" in reading.message


async def test_a_socket_of_this_machine_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with redis_server(tmp_path, arguments=["--unixsocket", str(path)]):
        assert (await read(f"redis+socket://{path}", ANYWHERE)).reachable
        assert (await read(f"redis+socket://{path}", LIMITED)).reason is BrokerReason.UNSUPPORTED_KIND


async def test_certificate_files_of_this_machine_are_not_read(tmp_path: Path, certificate: Path) -> None:
    port, key = free_port(), certificate.with_name("server.key")
    arguments = ["--tls-port", str(port), "--tls-auth-clients", "no", "--tls-ca-cert-file", str(certificate)]
    arguments += ["--tls-cert-file", str(certificate), "--tls-key-file", str(key)]
    with redis_server(tmp_path, arguments=arguments):
        url = f"rediss://localhost:{port}/0?ssl_cert_reqs=required&ssl_ca_certs={certificate}"
        assert (await read(url, ANYWHERE)).reachable

        reading = await read(url, LOOPBACK_ALLOWED)
        unverified = await read(url.replace("required", "none"), LOOPBACK_ALLOWED)

    assert (reading.reachable, reading.reason) == (None, BrokerReason.TLS_FAILED)
    assert reading.message.endswith("the certificate files that its URL names are not read here.")
    assert unverified.reachable


@pytest.fixture(scope="module")
def banner() -> Iterator[int]:
    """The port of a server that speaks no protocol of a broker."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def greet() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.sendall(f"{SECRET}\r\nERROR {SECRET}\r\n".encode())
                connection.settimeout(1)
                try:
                    while connection.recv(4096):
                        connection.sendall(f"ERROR {SECRET}\r\n".encode())
                except OSError:
                    pass
                connection.close()

        threading.Thread(target=greet, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("scheme", ["redis", "rediss", "amqp", "amqps", "db+postgresql", "db+mysql"])
async def test_what_an_unknown_peer_says_is_not_quoted(banner: int, scheme: str) -> None:
    reading = await read(f"{scheme}://u:p@127.0.0.1:{banner}/0", ANYWHERE)

    assert not reading.reachable
    assert "OpenSSH" not in reading.message, reading.message


async def test_what_an_unknown_peer_says_instead_of_a_management_api_is_not_quoted(banner: int) -> None:
    reading = await manage(banner, LOOPBACK_ALLOWED)

    assert "sends an answer that cannot be read" in reading.message
    assert "OpenSSH" not in reading.message
