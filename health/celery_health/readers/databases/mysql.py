"""One blocking login to MySQL or MariaDB, with PyMySQL."""

import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pymysql

from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reachability
from celery_health.readers.access import ANYWHERE, Access, first_that_connects
from celery_health.readers.budget import LOGIN_BYTES, Budget
from celery_health.readers.connection_errors import connection_error
from celery_health.readers.reachability import Reachability
from celery_health.readers.timeouts import CONNECT_SECONDS, READ_SECONDS
from celery_health.urls import BrokerUrl

_FIRST_CODE = 1000
_SSL_FILES = ("ssl_ca", "ssl_cert", "ssl_key")


def check(url: BrokerUrl, access: Access = ANYWHERE) -> Reachability:
    """Connect, log in, ask whether the server accepts writes, and disconnect."""
    options: dict[str, Any] = {name: url.query[name] for name in _SSL_FILES if url.query.get(name)}
    try:
        connection = BoundedConnection(
            host=url.host,
            port=url.port,
            user=url.username,
            password=url.password or "",
            database=url.database_name or None,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            write_timeout=READ_SECONDS,
            defer_connect=True,
            **options,
        )
        assert url.port is not None
        connection.connect(first_that_connects(url.host, url.port, access, partial(_socket, url.port)))
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT @@global.read_only")
            row = cursor.fetchone()
        is_read_only = bool(row and int(row[0]))
    except Exception as error:  # any answer of any server is a result, never the end of the reader
        return _meaning(error, url)
    if is_read_only:
        return reachability.read_only_database(url)
    return reachability.reachable(url)


class BoundedConnection(pymysql.Connection):  # type: ignore[misc]
    """Takes each part of a packet from a budget before it waits for its bytes."""

    def __init__(self, **options: Any) -> None:
        self._budget = Budget(LOGIN_BYTES)
        super().__init__(**options)

    def _read_bytes(self, num_bytes: int) -> bytes:
        self._budget.take(num_bytes)
        data: bytes = super()._read_bytes(num_bytes)
        return data


def _socket(port: int, address: str) -> socket.socket:
    made = socket.create_connection((address, port), CONNECT_SECONDS)
    made.settimeout(None)  # PyMySQL sets its own
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return made


def _meaning(error: Exception, url: BrokerUrl) -> Reachability:
    code = error.args[0] if isinstance(error, pymysql.err.MySQLError) and error.args else None
    if meaning_of_code := _BY_CODE.get(code):
        return meaning_of_code(url)
    if isinstance(error, RuntimeError):
        # The login needs a package that is missing here, which says nothing about the server.
        return Reachability(
            BrokerReason.UNSUPPORTED_KIND, f"{url.address}: {reachability.quoted(error)}.", reachable=None
        )
    if meaning := connection_error(error, url):
        return meaning
    # Server codes, and PyMySQL's own from 2000 to 2999.
    if not isinstance(code, int) or code < _FIRST_CODE:
        return reachability.not_understood(url)
    return reachability.other_error(url, error.args[-1])


def _shutting_down(url: BrokerUrl) -> Reachability:
    return Reachability(BrokerReason.LOADING, f"{url.address} is shutting down: wait until it has restarted.")


# By the server's error code.
_BY_CODE: Mapping[object, Callable[[BrokerUrl], Reachability]] = {
    1045: reachability.authentication_failed,
    1698: reachability.authentication_failed,
    1044: reachability.no_such_database,
    1049: reachability.no_such_database,
    1040: reachability.too_many_connections,
    1203: reachability.too_many_connections,
    1226: reachability.too_many_connections,
    1053: _shutting_down,
}
