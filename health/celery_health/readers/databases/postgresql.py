"""One blocking login to PostgreSQL, with psycopg."""

import re
from collections.abc import Callable
from typing import Any

import psycopg

from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reachability
from celery_health.readers.access import ANYWHERE, Access
from celery_health.readers.budget import LOGIN_BYTES, Budget
from celery_health.readers.connection_errors import connection_error
from celery_health.readers.databases import relay
from celery_health.readers.reachability import Reachability
from celery_health.readers.timeouts import CONNECT_SECONDS
from celery_health.urls import BrokerUrl

# libpq's connection options. A URL's query may hold others, which only SQLAlchemy knows.
_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "gssencmode", "channel_binding")
_PORT = 5432
_READ_ONLY_PARAMETERS = ("in_hot_standby", "default_transaction_read_only")


def check(url: BrokerUrl, access: Access = ANYWHERE) -> Reachability:
    """Connect, log in, read whether the server accepts writes, and disconnect."""
    if not url.host:
        # libpq then uses a socket of this machine.
        return reachability.address_refused(url) if access.limited else _check(url, {"port": url.port})
    try:
        with relay.relay(url.host, url.port or _PORT, Budget(LOGIN_BYTES), access) as passed:
            # The certificate of the server is compared with the host, and not with the address.
            result = _check(url, {"host": url.host, "hostaddr": relay.HOST, "port": passed.port})
            if passed.exceeded:
                return reachability.too_much(url)
            # libpq has the same time limit: which of the two gives up first is chance.
            return reachability.timed_out(url) if passed.silent else result
    except OSError as error:
        return connection_error(error, url) or reachability.nothing_listens(url)


def _check(url: BrokerUrl, address: dict[str, Any]) -> Reachability:
    options: dict[str, Any] = {name: url.query[name] for name in _OPTIONS if url.query.get(name)}
    try:
        with psycopg.connect(
            **address,
            user=url.username,
            password=url.password,
            dbname=url.database_name or None,
            connect_timeout=round(CONNECT_SECONDS),  # includes the login
            application_name="celery-operator",
            autocommit=True,
            **options,
        ) as connection:
            # PostgreSQL 14 and later sends these at each login.
            values = [connection.info.parameter_status(name) for name in _READ_ONLY_PARAMETERS]
    except (psycopg.Error, OSError) as error:
        return _meaning(error, url)
    except Exception:  # any answer of any server is a result, never the end of the reader
        return reachability.not_understood(url)
    return reachability.read_only_database(url) if "on" in values else reachability.reachable(url)


def _meaning(error: Exception, url: BrokerUrl) -> Reachability:
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return reachability.timed_out(url)
    if meaning := connection_error(error, url):
        return meaning
    # libpq has no error codes here, only text.
    text = str(error)
    for pattern, meaning_of_words in _CAUSES:
        if pattern.search(text):
            return meaning_of_words(url)
    _, is_from_server, words = text.rpartition("FATAL: ")
    return reachability.other_error(url, words) if is_from_server else reachability.not_understood(url)


def _starting(url: BrokerUrl) -> Reachability:
    return Reachability(BrokerReason.LOADING, f"{url.address} starts, shuts down or recovers: wait.")


def _without_tls(url: BrokerUrl) -> Reachability:
    return Reachability(
        BrokerReason.TLS_FAILED,
        f"{url.address} does not speak TLS: enable TLS on the server, or remove sslmode from the URL.",
    )


def _not_trusted(url: BrokerUrl) -> Reachability:
    return Reachability(
        BrokerReason.TLS_FAILED,
        f"TLS with {url.address} failed: check sslmode and sslrootcert in the URL.",
        reachable=None,  # the workers may trust more than the URL says
    )


def _not_postgresql(url: BrokerUrl) -> Reachability:
    return Reachability(
        BrokerReason.ERROR, f"The server at {url.address} is not PostgreSQL: correct the port."
    )


_CAUSES: tuple[tuple[re.Pattern[str], Callable[[BrokerUrl], Reachability]], ...] = tuple(
    (re.compile(words), meaning)
    for words, meaning in (
        ("Connection refused|No such file or directory", reachability.nothing_listens),
        ("failed to resolve host|could not translate host name", reachability.name_not_resolved),
        (
            r"authentication failed|no password supplied|no pg_hba\.conf entry",
            reachability.authentication_failed,
        ),
        ('role "[^"]*" does not exist', reachability.authentication_failed),
        ('database "[^"]*" does not exist|permission denied for database', reachability.no_such_database),
        (
            "too many clients|too many connections|connection slots are reserved",
            reachability.too_many_connections,
        ),
        ("database system is", _starting),
        ("server does not support SSL", _without_tls),
        ("certificate|SSL error", _not_trusted),
        ("invalid response to|expected authentication request|lost synchronization", _not_postgresql),
        ("server closed the connection", reachability.connection_closed),
    )
)
