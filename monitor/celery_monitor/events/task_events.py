"""The events of one task that are kept in memory."""

from msgspec import Struct

from celery_monitor.events.event import Event
from celery_monitor.events.fold import order, record_of
from celery_monitor.records.tasks import TaskRecord

_MAX_EVENTS = 64
_KEPT_EVENTS = 16


class TaskEvents(Struct, gc=False):
    """The events of one task since ``base``."""

    base: TaskRecord | None = None
    name: str | None = None
    updated: float = 0.0
    running_on: frozenset[str] = frozenset()
    events: list[Event] = []

    def is_of(self, worker: str) -> bool:
        """Whether the worker has received it at any time."""
        if any(event.hostname == worker for event in self.events):
            return True
        return self.base is not None and any(run.worker == worker for run in self.base.runs)

    def shorten(self, task_id: str) -> None:
        """Where there are many events, replace the older ones by the record that they give."""
        if len(self.events) > _MAX_EVENTS:
            events = sorted(self.events, key=order)
            self.base, _ = record_of(task_id, self.base, events[:-_KEPT_EVENTS])
            self.events = events[-_KEPT_EVENTS:]
