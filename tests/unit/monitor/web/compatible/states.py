"""States of a fleet for the shapes of the documents."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from celery_health.broker import BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.check_result import check_result
from celery_health.survey.snapshot import Snapshot
from celery_health.urls import parse
from celery_health.verdicts.thresholds import FleetThresholds
from celery_monitor.live.fleet_check import FleetState
from tests.unit.cli.examples import WORKER

URL = "redis://:geheim@h/0"
CONNECTION = AppConnection(URL, parse(URL))
BROKER = BrokerReading("redis", "redis://h:6379/0", True, BrokerReason.REACHABLE, "redis://h:6379/0 answers.")
AWAY = replace(
    BROKER,
    reachable=False,
    reason=BrokerReason.CONNECTION_REFUSED,
    message="redis://h:6379/0 refuses the connection.",
)
A_WORKER = replace(WORKER, name="worker1@hostname", queues=("celery",))


def state(
    broker: BrokerReading = BROKER, ready: Mapping[str, int | None] | None = None, **parts: Any
) -> FleetState:
    """A fleet; by default without workers, with one empty queue."""
    lengths: dict[str, int | None] = {"celery": 0} if ready is None else dict(ready)
    if broker.reachable:
        broker = replace(broker, queues=tuple(QueueReading(name, one) for name, one in lengths.items()))
    snapshot = Snapshot(1000.0, broker, **{"workers_known": True, **parts})
    result = check_result(snapshot, CONNECTION, FleetThresholds())
    return FleetState(snapshot, result, lengths)
