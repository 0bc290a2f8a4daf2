"""One login to a MySQL or MariaDB, by PyMySQL in a thread."""

from collections.abc import Callable, Mapping
from typing import Any

import pymysql

from celery_health.broker import BrokerReason
from celery_health.readers import failures
from celery_health.readers.database import no_such_database, reachable, read_only
from celery_health.readers.failures import Failure
from celery_health.readers.limits import CONNECT_SECONDS, READ_SECONDS
from celery_health.urls import BrokerUrl

_SSL_FILES = ("ssl_ca", "ssl_cert", "ssl_key")


def look(url: BrokerUrl) -> Failure:
    """Connect, log in, see whether writes are taken, leave."""
    options: dict[str, Any] = {name: url.query[name] for name in _SSL_FILES if name in url.query}
    try:
        connection = pymysql.connect(
            host=url.host,
            port=url.port,
            user=url.username,
            password=url.password or "",
            database=url.database_name or None,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            write_timeout=READ_SECONDS,
            **options,
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT @@global.read_only")
            row = cursor.fetchone()
    except Exception as error:  # whatever answers there must not end the reader
        return _failure(error, url)
    return read_only(url) if row and int(row[0]) else reachable(url)


def _failure(error: Exception, url: BrokerUrl) -> Failure:
    code = error.args[0] if isinstance(error, pymysql.err.MySQLError) and error.args else None
    if tell := _BY_CODE.get(code):
        return tell(url)
    if isinstance(error, RuntimeError):
        # A login that needs more than the driver brings proves nothing about the server.
        return Failure(
            BrokerReason.UNREADABLE_KIND, f"{url.address}: {failures.quoted(error)}.", reachable=None
        )
    if failure := failures.of_connection(error, url):
        return failure
    return failures.other(url, error.args[-1] if error.args else type(error).__name__)


def _shutting_down(url: BrokerUrl) -> Failure:
    return Failure(BrokerReason.LOADING, f"{url.address} is shutting down: wait.")


# The server's error codes.
_BY_CODE: Mapping[object, Callable[[BrokerUrl], Failure]] = {
    1045: failures.authentication_failed,
    1698: failures.authentication_failed,
    1044: no_such_database,
    1049: no_such_database,
    1040: failures.too_many_connections,
    1203: failures.too_many_connections,
    1226: failures.too_many_connections,
    1053: _shutting_down,
}
