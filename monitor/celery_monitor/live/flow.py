"""Follows every task event: which tasks wait, and how many each worker fetched. It runs for each event."""

from collections.abc import Mapping
from types import MappingProxyType

from celery_monitor.events import event as types
from celery_monitor.events.event import Event
from celery_monitor.live.fetching import Fetching
from celery_monitor.live.sent_tasks import SentTasks
from celery_monitor.metrics.task_counts import Kind, TaskCounts
from celery_monitor.metrics.task_windows import TaskWindows

_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        types.SENT: Kind.SENT,
        types.RECEIVED: Kind.RECEIVED,
        types.STARTED: Kind.STARTED,
        types.SUCCEEDED: Kind.SUCCEEDED,
        types.FAILED: Kind.FAILED,
        types.RETRIED: Kind.RETRIED,
        types.REVOKED: Kind.REVOKED,
        types.REJECTED: Kind.REJECTED,
    }
)
_ENDS = frozenset({Kind.SUCCEEDED, Kind.FAILED, Kind.REVOKED, Kind.REJECTED})


class TaskFlow:
    """The merger calls ``on_task`` with each task event. ``fetching``: what each worker has received."""

    def __init__(self, sent: SentTasks, counts: TaskCounts, windows: TaskWindows) -> None:
        self._sent = sent
        self._counts = counts
        self._windows = windows
        self.fetching = Fetching()

    def on_task(self, event: Event, name: str | None) -> None:
        """Count the event. ``name``: that of its task, if known."""
        kind, task_id, worker = _KINDS.get(event.type), event.uuid, event.hostname
        if kind is None or task_id is None:
            return
        if kind is Kind.SENT:
            if event.queue:
                self._sent.sent(task_id, event.queue, event.timestamp)
                self.fetching.sent(task_id, event.queue)
            self._counts.count(kind, name, worker, event.queue)
            return
        if kind is Kind.RECEIVED:
            sent = self._sent.received(task_id)
            self.fetching.received(task_id, worker, None if sent is None else sent[0], event.timestamp)
        else:
            sent = self._sent.ended(task_id) if kind in _ENDS else self._sent.find(task_id)
        self._counts.count(kind, name, worker, None if sent is None else sent[0])
        if kind is Kind.STARTED:
            self._windows.started(name)
            if sent is not None:
                self._counts.waited(name, worker, sent[0], event.timestamp - sent[1])
        elif kind is Kind.SUCCEEDED and event.runtime is not None:
            self._windows.ran(name, event.runtime)
            self._counts.ran(name, worker, None if sent is None else sent[0], event.runtime)
        elif kind is Kind.FAILED:
            self._windows.failed(name)
            self._counts.failed(name, worker, None if sent is None else sent[0], event.exception)
