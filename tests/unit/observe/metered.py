"""A load meter with a clock, and the worker pods that it reads."""

from dataclasses import replace
from typing import Any

from celery_health.broker import BrokerReading
from celery_operator.observe.load import LoadMeter
from celery_operator.snapshot import GroupLoad, PodState
from tests.unit.decide.build import broker, spec
from tests.unit.decide.pods import reporting_pod

SPEC = spec()
INTERVAL = 2.0


def worker(started: int = 0, active: int = 0, reserved: int = 0, **changes: Any) -> PodState:
    """A worker pod and what it reports."""
    base = {"active": 0, "active_count": active, "processed": started, "reserved": reserved, "eta": 0}
    return reporting_pod(**{**base, **changes})


def named(name: str, one: PodState) -> PodState:
    """The pod under another name."""
    return replace(one, name=name, uid=f"uid-{name}")


class Readings:
    """One meter, and a clock that goes on by itself."""

    def __init__(self) -> None:
        self.meter = LoadMeter()
        self.now = 1_000.0

    def __call__(self, ready: int | BrokerReading, *pods: PodState, after: float = INTERVAL) -> GroupLoad:
        self.now += after
        reading = broker(celery=ready) if isinstance(ready, int) else ready
        return self.meter.update(SPEC, reading, pods, self.now)["default"]


def steady(
    readings: Readings, seconds: float, a_second: int, slots: int, of: PodState | None = None
) -> GroupLoad:
    """``a_second`` tasks come, start and end each second, in ``slots`` busy slots."""
    began = of.reading.report.processed if of and of.reading and of.reading.report else 0
    reported = readings(0, worker(started=began, active=slots))
    for turn in range(1, int(seconds / INTERVAL) + 1):
        reported = readings(0, worker(started=began + round(turn * INTERVAL * a_second), active=slots))
    return reported
