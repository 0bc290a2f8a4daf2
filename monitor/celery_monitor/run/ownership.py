"""Which events belong to the application, where several applications share a broker."""

from collections.abc import Callable

from celery_monitor.clocks import passed
from celery_monitor.events import event as types
from celery_monitor.events.event import Event
from celery_monitor.live.live import Live

_QUEUES_SECONDS = 1.0
_TASKS_SECONDS = 10.0
_LISTENING_SECONDS = 15.0
"""Several heartbeats of a worker."""
_ALONE_SECONDS = 3600.0
"""After the last event of another application's worker."""


class Ownership:
    """Decides by the names of workers, and for task-sent, whose sender is no worker, by its queue.

    A queue that no worker consumes says nothing. Such a task is ours if our workers know its name, and no
    worker of another application is heard on this broker.
    """

    def __init__(self, is_ours: Callable[[str], bool], live: Live) -> None:
        self._is_ours = is_ours
        self._live = live
        self._queues: frozenset[str] = frozenset()
        self._queues_at = 0.0
        self._tasks: frozenset[str] = frozenset()
        self._tasks_at = 0.0
        self._began: float | None = None
        self._others_at: float | None = None

    def accepts(self, event: Event) -> bool:
        """Whether the event belongs to the application."""
        if self._began is None:
            self._began = self._live.clock()
        if self._is_ours(event.hostname):
            return True
        now = self._live.clock()
        if event.type != types.SENT:
            self._others_at = now
            return False
        if event.queue in self._consumed(now):
            return True
        return self._is_alone(now) and event.name in self._known_tasks(now)

    def _is_alone(self, now: float) -> bool:
        if self._began is None or not passed(self._began, _LISTENING_SECONDS, now):
            return False
        return self._others_at is None or passed(self._others_at, _ALONE_SECONDS, now)

    def _consumed(self, now: float) -> frozenset[str]:
        if passed(self._queues_at, _QUEUES_SECONDS, now):
            self._queues_at = now
            self._queues = frozenset(self._live.known_workers.consumers())
        return self._queues

    def _known_tasks(self, now: float) -> frozenset[str]:
        if passed(self._tasks_at, _TASKS_SECONDS, now):
            self._tasks_at = now
            workers = (worker for worker in self._live.known_workers if worker.online)
            self._tasks = frozenset(name for worker in workers for name in worker.inspected.tasks or ())
        return self._tasks
