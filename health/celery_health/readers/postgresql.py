"""One login to a PostgreSQL, by psycopg in a thread."""

import re
from collections.abc import Callable
from typing import Any

import psycopg

from celery_health.broker import BrokerReason
from celery_health.readers import failures
from celery_health.readers.database import no_such_database, reachable, read_only
from celery_health.readers.failures import Failure
from celery_health.readers.limits import CONNECT_SECONDS
from celery_health.urls import BrokerUrl

# Of what a URL's query may hold, libpq's options on how to connect; SQLAlchemy knows more.
_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "gssencmode", "channel_binding")
_WRITES_REFUSED = ("in_hot_standby", "default_transaction_read_only")


def look(url: BrokerUrl) -> Failure:
    """Connect, log in, see whether writes are taken, leave."""
    options: dict[str, Any] = {name: url.query[name] for name in _OPTIONS if name in url.query}
    try:
        with psycopg.connect(
            host=url.host,
            port=url.port,
            user=url.username,
            password=url.password,
            dbname=url.database_name or None,
            connect_timeout=round(CONNECT_SECONDS),  # for all of it, login included
            application_name="celery-operator",
            autocommit=True,
            **options,
        ) as connection:
            # Told by the server at each login, since PostgreSQL 14.
            told = [connection.info.parameter_status(name) for name in _WRITES_REFUSED]
    except (psycopg.Error, OSError) as error:
        return _failure(error, url)
    return read_only(url) if "on" in told else reachable(url)


def _failure(error: Exception, url: BrokerUrl) -> Failure:
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return failures.timed_out(url)
    if failure := failures.of_connection(error, url):
        return failure
    # libpq tells its causes in words only.
    text = str(error)
    for words, tell in _CAUSES:
        if words.search(text):
            return tell(url)
    return failures.other(url, text.rpartition("FATAL: ")[2])


def _starting(url: BrokerUrl) -> Failure:
    return Failure(BrokerReason.LOADING, f"{url.address} is starting up, shutting down or recovering: wait.")


def _without_tls(url: BrokerUrl) -> Failure:
    return Failure(
        BrokerReason.TLS_FAILED,
        f"{url.address} does not speak TLS: switch it on there, or take sslmode out of the URL.",
    )


def _not_trusted(url: BrokerUrl) -> Failure:
    return Failure(
        BrokerReason.TLS_FAILED,
        f"TLS with {url.address} failed: see sslmode and sslrootcert in the URL.",
        reachable=None,  # the workers may trust more than the URL tells
    )


def _no_postgresql(url: BrokerUrl) -> Failure:
    return Failure(BrokerReason.ERROR, f"What listens at {url.address} is no PostgreSQL: correct the port.")


_CAUSES: tuple[tuple[re.Pattern[str], Callable[[BrokerUrl], Failure]], ...] = tuple(
    (re.compile(words), tell)
    for words, tell in (
        ("Connection refused|No such file or directory", failures.nothing_listens),
        ("failed to resolve host|could not translate host name", failures.name_not_resolved),
        (r"authentication failed|no password supplied|no pg_hba\.conf entry", failures.authentication_failed),
        ('role "[^"]*" does not exist', failures.authentication_failed),
        ('database "[^"]*" does not exist|permission denied for database', no_such_database),
        (
            "too many clients|too many connections|connection slots are reserved",
            failures.too_many_connections,
        ),
        ("database system is", _starting),
        ("server does not support SSL", _without_tls),
        ("certificate|SSL error", _not_trusted),
        ("invalid response to|expected authentication request|lost synchronization", _no_postgresql),
        ("server closed the connection", failures.connection_closed),
    )
)
