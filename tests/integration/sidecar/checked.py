"""One broker check, as the sidecar makes it."""

from contextlib import ExitStack

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.urls import parse
from celery_probe.sidecar.broker.checks import check_of

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
