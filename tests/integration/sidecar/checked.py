"""Broker checks, as the sidecar makes them."""

from contextlib import ExitStack

import pytest
from tools.testbed.waiting import wait_for

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.urls import parse
from celery_probe.sidecar.broker import redis_handshake
from celery_probe.sidecar.broker.checks import check_of

PASSWORD = "hunter2"


def checked(url: str, *, times_out: bool = False) -> BrokerReading:
    """One reading. Of a broker that answers, it is the first that no pause of the machine has cut short."""

    def reading() -> BrokerReading | None:
        with ExitStack() as connections:
            found = check_of(parse(url), connections)()
        assert PASSWORD not in found.message
        assert found.message.endswith(".")
        return found if times_out or found.reason is not BrokerReason.TIMED_OUT else None

    return wait_for(reading, describe="a check that the broker answers in time")


def wait_longer_for_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no pause of the machine cut a check of a kept session short."""
    for name in ("CONNECT_SECONDS", "READ_SECONDS", "_KEPT_SECONDS"):
        monkeypatch.setattr(redis_handshake, name, 30.0)


def reached(url: str) -> bool:
    reading = checked(url)
    return (reading.reachable, reading.reason) == (True, BrokerReason.REACHABLE)
