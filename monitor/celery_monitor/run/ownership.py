"""Which events belong to the application, where several applications share a broker."""

from collections.abc import Callable

from celery_monitor.clocks import passed
from celery_monitor.events import event as types
from celery_monitor.events.event import Event
from celery_monitor.live.live import Live

_QUEUES_SECONDS = 1.0


class Ownership:
    """Decides by the names of workers, and for task-sent, whose sender is no worker, by their queues."""

    def __init__(self, is_ours: Callable[[str], bool], live: Live) -> None:
        self._is_ours = is_ours
        self._live = live
        self._queues: frozenset[str] = frozenset()
        self._read_at = 0.0

    def accepts(self, event: Event) -> bool:
        """Whether the event belongs to the application."""
        if self._is_ours(event.hostname):
            return True
        return event.type == types.SENT and event.queue in self._consumed()

    def _consumed(self) -> frozenset[str]:
        now = self._live.clock()
        if passed(self._read_at, _QUEUES_SECONDS, now):
            self._read_at = now
            self._queues = frozenset(self._live.known_workers.consumers())
        return self._queues
