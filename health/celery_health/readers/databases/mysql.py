"""One blocking login to MySQL or MariaDB, with PyMySQL."""

from collections.abc import Callable, Mapping
from typing import Any

import pymysql

from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reachability
from celery_health.readers.reachability import Reachability
from celery_health.readers.timeouts import CONNECT_SECONDS, READ_SECONDS
from celery_health.urls import BrokerUrl

_SSL_FILES = ("ssl_ca", "ssl_cert", "ssl_key")


def check(url: BrokerUrl) -> Reachability:
    """Connect, log in, ask whether the server accepts writes, and disconnect."""
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
    except Exception as error:  # any answer of any server is a result, never the end of the reader
        return _meaning(error, url)
    if row and int(row[0]):
        return reachability.read_only_database(url)
    return reachability.reachable(url)


def _meaning(error: Exception, url: BrokerUrl) -> Reachability:
    code = error.args[0] if isinstance(error, pymysql.err.MySQLError) and error.args else None
    if meaning_of_code := _BY_CODE.get(code):
        return meaning_of_code(url)
    if isinstance(error, RuntimeError):
        # The login needs a package that is missing here, which says nothing about the server.
        return Reachability(
            BrokerReason.UNSUPPORTED_KIND, f"{url.address}: {reachability.quoted(error)}.", reachable=None
        )
    return reachability.connection_error(error, url) or reachability.other_error(
        url, error.args[-1] if error.args else type(error).__name__
    )


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
