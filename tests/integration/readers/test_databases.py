"""Databases against real servers: logins, refusals, servers that hang, and ports that belong to others."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pymysql
import pytest
from tools.testbed.databases import MariaServer, PostgresServer, maria_server, postgres_server
from tools.testbed.servers import RedisServer, free_port
from tools.testbed.waiting import BUSY_SECONDS, wait_for_async

from celery_health.broker import QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.result_backends import ping_result_backend
from tests.integration.readers.conftest import Read


@pytest.fixture(scope="module")
def postgres(certificate: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL that also accepts TLS."""
    key = certificate.with_suffix(".key")
    arguments = ["--ssl=on", f"--ssl_cert_file=../{certificate.name}", f"--ssl_key_file=../{key.name}"]
    with postgres_server(arguments, [certificate, key]) as server:
        yield server


@pytest.fixture(scope="module")
def maria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaServer]:
    with maria_server(tmp_path_factory.mktemp("maria")) as server:
        yield server


@pytest.fixture(params=["postgres", "maria"])
def url_of(
    request: pytest.FixtureRequest, postgres: PostgresServer, maria: MariaServer
) -> Callable[[str], str]:
    """The URL of a database by its name, on each kind of server."""
    return postgres.database if request.param == "postgres" else maria.database


@pytest.fixture(scope="module")
def name(postgres: PostgresServer) -> str:
    """A database that both servers have."""
    with psycopg.connect(postgres.database(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE shop")
    return "shop"


async def test_a_database_that_lets_us_in_is_reachable_and_has_no_queues(
    url_of: Callable[[str], str], name: str, read: Read
) -> None:
    for url in (url_of(name), f"db+{url_of(name)}"):
        reading = await read(url, ["mail"])
        assert (reading.reachable, reading.reason) == (True, BrokerReason.REACHABLE), reading.message
        assert reading.queues == (QueueReading("mail", None),)
        assert "secret" not in repr(reading)


async def test_a_wrong_password_is_refused_and_never_shown(
    url_of: Callable[[str], str], name: str, read: Read
) -> None:
    reading = await read(url_of(name).replace("secret", "hunter2"))
    assert (reading.reachable, reading.reason) == (False, BrokerReason.AUTHENTICATION_FAILED)
    assert "hunter2" not in repr(reading)


async def test_an_unknown_user_is_refused(url_of: Callable[[str], str], name: str, read: Read) -> None:
    reading = await read(url_of(name).replace("postgres:", "bob:").replace("root:", "bob:"))
    assert (reading.reachable, reading.reason) == (False, BrokerReason.AUTHENTICATION_FAILED)


async def test_a_database_that_does_not_exist_is_reported(url_of: Callable[[str], str], read: Read) -> None:
    reading = await read(url_of("nowhere"))
    assert (reading.reachable, reading.reason) == (False, BrokerReason.NOT_PERMITTED)
    assert "the database does not exist" in reading.message


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
async def test_a_port_where_nothing_listens_and_a_name_without_address_are_reported(
    scheme: str, read: Read
) -> None:
    closed = await read(f"{scheme}://shop:word@127.0.0.1:{free_port()}/shop")
    assert (closed.reachable, closed.reason) == (False, BrokerReason.CONNECTION_REFUSED)
    nowhere = await read(f"{scheme}://shop:word@no-such-host.invalid/shop")
    assert (nowhere.reachable, nowhere.reason) == (False, BrokerReason.NAME_NOT_RESOLVED)


async def test_a_port_of_another_protocol_is_reported(
    redis: RedisServer, postgres: PostgresServer, maria: MariaServer, read: Read
) -> None:
    urls = (
        maria.database().replace("mysql", "postgresql"),
        postgres.database().replace("postgresql", "mysql"),
        f"postgresql://shop:word@127.0.0.1:{redis.port}/shop",
        f"mysql://shop:word@127.0.0.1:{redis.port}/shop",
    )
    for reading in await asyncio.gather(*map(read, urls)):
        assert reading.reachable is False, reading
        assert reading.reason in {BrokerReason.ERROR, BrokerReason.TIMED_OUT}


async def test_a_postgresql_that_takes_no_writes_is_reported(
    postgres: PostgresServer, name: str, read: Read
) -> None:
    with psycopg.connect(postgres.database(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE standby")
        connection.execute("ALTER DATABASE standby SET default_transaction_read_only = on")
    reading = await read(postgres.database("standby"))
    assert (reading.reachable, reading.reason) == (False, BrokerReason.READ_ONLY)


async def test_a_mysql_that_takes_no_writes_is_reported(maria: MariaServer, read: Read) -> None:
    def set_read_only(value: int) -> None:
        connection = pymysql.connect(
            host="127.0.0.1", port=maria.port, user="root", password="secret", database="shop"
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(f"SET GLOBAL read_only = {value}")

    set_read_only(1)
    try:
        reading = await read(maria.database())
    finally:
        set_read_only(0)
    assert (reading.reachable, reading.reason) == (False, BrokerReason.READ_ONLY)


async def test_a_postgresql_at_its_limit_of_connections_is_reported(
    postgres: PostgresServer, read: Read
) -> None:
    with psycopg.connect(postgres.database(), autocommit=True) as connection:
        connection.execute("CREATE ROLE shop LOGIN PASSWORD 'word' CONNECTION LIMIT 0")
    reading = await read(postgres.database().replace("postgres:secret", "shop:word"))
    assert (reading.reachable, reading.reason) == (False, BrokerReason.TOO_MANY_CONNECTIONS)


async def test_tls_is_checked_as_the_url_says(
    postgres: PostgresServer, certificate: Path, read: Read
) -> None:
    url = postgres.database().replace("127.0.0.1", "localhost")
    trusted = await read(f"{url}?sslmode=verify-full&sslrootcert={certificate}")
    assert trusted.reachable is True, trusted.message
    for missing in ("/nowhere/ca.crt", f"{certificate.with_suffix('.key')}"):
        distrusted = await read(f"{url}?sslmode=verify-full&sslrootcert={missing}")
        assert (distrusted.reachable, distrusted.reason) == (None, BrokerReason.TLS_FAILED)


async def test_tls_that_the_server_does_not_support_is_reported() -> None:
    with postgres_server() as server:
        reading = await ping_result_backend(f"{server.database()}?sslmode=require")
    assert (reading.reachable, reading.reason) == (False, BrokerReason.TLS_FAILED)


@pytest.mark.parametrize("kind", ["postgres", "maria"])
async def test_a_server_that_hangs_stops_and_comes_back_is_followed(
    kind: str, postgres: PostgresServer, maria: MariaServer
) -> None:
    server: PostgresServer | MariaServer = postgres if kind == "postgres" else maria
    url = server.database()
    server.pause()
    try:
        started = time.monotonic()
        reading = await ping_result_backend(url, timeout=1.0)
        assert (reading.reachable, reading.reason) == (False, BrokerReason.TIMED_OUT)
        assert time.monotonic() - started < 1 + BUSY_SECONDS
        reading = await ping_result_backend(url)
        assert (reading.reachable, reading.reason) == (False, BrokerReason.TIMED_OUT)
        assert time.monotonic() - started < 5 + BUSY_SECONDS
    finally:
        server.resume()

    async def is_reachable() -> bool:
        return (await ping_result_backend(url)).reachable is True

    await wait_for_async(is_reachable)
    server.restart()
    await wait_for_async(is_reachable)


async def test_a_redis_and_a_broker_are_pinged_by_the_same_call(redis: RedisServer) -> None:
    assert (await ping_result_backend(redis.database(7))).reachable is True


async def test_an_sqlite_file_is_read_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    assert (await ping_result_backend(f"db+sqlite:///{path}")).reachable is True  # the first result makes it
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE results (id)")
    assert (await ping_result_backend(f"db+sqlite:///{path}")).reachable is True
    path.write_bytes(b"no database" * 100)
    garbled = await ping_result_backend(f"db+sqlite:///{path}")
    assert (garbled.reachable, garbled.reason) == (False, BrokerReason.ERROR)
    lost = await ping_result_backend(f"db+sqlite:///{tmp_path}/nowhere/results.db")
    assert (lost.reachable, lost.reason) == (False, BrokerReason.ERROR)
    assert (await ping_result_backend("sqlite://")).reachable is True
