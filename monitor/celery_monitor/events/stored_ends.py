"""Ends of tasks of which no event came, and that the result backend has."""

from collections.abc import Mapping
from types import MappingProxyType

from celery_monitor.events.event import Event
from celery_monitor.records.states import FINAL_STATES
from celery_monitor.records.tasks import TaskRecord

STORED_ENDS: Mapping[str, str] = MappingProxyType({f"-{state}": state for state in FINAL_STATES})
"""The types of the merger's marks of such ends, with the state of each."""


def stored_end(ended: TaskRecord, clock_skew: float) -> Event | None:
    """The mark of an end that only the result backend has. None if its time or its worker is unknown."""
    if ended.finished is None or ended.worker is None:
        return None
    return Event(
        type=f"-{ended.state}",
        hostname=ended.worker,
        timestamp=max(0.0, ended.finished - clock_skew),
        uuid=ended.id,
        retries=ended.retries,
        exception=ended.exception,
    )
