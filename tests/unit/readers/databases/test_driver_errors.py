"""What errors of database drivers mean that a test server does not give on demand."""

from contextlib import nullcontext
from types import SimpleNamespace

import psycopg
import pymysql
import pytest

from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers.databases import mysql, postgresql, relay
from celery_health.urls import parse

MYSQL = parse("mysql://shop:secret@db/shop")
POSTGRESQL = parse("postgresql://shop:secret@db/shop")


@pytest.mark.parametrize(
    ("error", "reachable", "reason"),
    [
        (
            pymysql.err.OperationalError(1040, "Too many connections"),
            False,
            BrokerReason.TOO_MANY_CONNECTIONS,
        ),
        (pymysql.err.OperationalError(1053, "Server shutdown in progress"), False, BrokerReason.LOADING),
        (pymysql.err.OperationalError(1129, "Host is blocked"), False, BrokerReason.ERROR),
        (pymysql.err.InternalError("Packet sequence number wrong"), False, BrokerReason.ERROR),
        (RuntimeError("'cryptography' package is required"), None, BrokerReason.UNSUPPORTED_KIND),
        (pymysql.err.OperationalError(), False, BrokerReason.ERROR),
    ],
)
def test_errors_of_mysql_have_their_own_reasons(
    error: Exception, reachable: bool | None, reason: BrokerReason, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(mysql, "BoundedConnection", fail)
    failure = mysql.check(MYSQL)
    assert (failure.reachable, failure.reason) == (reachable, reason)
    assert failure.message.startswith("mysql://db:3306/shop")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("FATAL:  the database system is starting up", BrokerReason.LOADING),
        ("FATAL:  sorry, too many clients already", BrokerReason.TOO_MANY_CONNECTIONS),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1"', BrokerReason.AUTHENTICATION_FAILED),
        ("server closed the connection unexpectedly", BrokerReason.ERROR),
        ("FATAL:  something new", BrokerReason.ERROR),
        ("", BrokerReason.ERROR),
    ],
)
def test_errors_of_postgresql_have_their_own_reasons(
    words: str, reason: BrokerReason, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise psycopg.OperationalError(f'connection to server at "db", port 5432 failed: {words}')

    monkeypatch.setattr(psycopg, "connect", fail)
    monkeypatch.setattr(
        relay, "relay", lambda *_: nullcontext(SimpleNamespace(port=1, exceeded=False, silent=False))
    )
    failure = postgresql.check(POSTGRESQL)
    assert (failure.reachable, failure.reason) == (False, reason)
    assert "postgresql://db:5432/shop" in failure.message
