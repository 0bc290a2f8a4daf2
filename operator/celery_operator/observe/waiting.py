"""For how long queues have been non-empty, which no single broker reading shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from celery_health.broker import BrokerReading, QueueReading
from celery_health.wire.names import is_dead_letter_queue

LONGEST_GAP_SECONDS = 90.0
"""Readings farther apart say nothing about the time between them. The longest pause of a loop is shorter."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One non-empty queue: since when, since when it has not shrunk, and its last length."""

    since: float
    not_shrinking_since: float
    ready: int


class WaitingQueues:
    """Remembers broker readings. All times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        self._seen: Mapping[str, _Seen] = {}
        self._updated_at = float("-inf")

    def update(self, reading: BrokerReading, now: float) -> None:
        """Add one reading. A queue that is empty, or whose length is not known, starts anew.

        Dead letters wait for a person, however long it takes.
        """
        before = self._seen if now - self._updated_at <= LONGEST_GAP_SECONDS else {}
        self._seen = dict(_next(before, reading, now)) if reading.reachable is True else {}
        self._updated_at = now

    def nonempty_for(self) -> Mapping[str, float]:
        """Seconds for which every reading has found the queue non-empty, by queue, up to the last reading."""
        return {name: self._updated_at - seen.since for name, seen in self._seen.items()}

    def not_shrinking_for(self) -> Mapping[str, float]:
        """Seconds for which the queue has been non-empty and has never shrunk, by queue."""
        return {name: self._updated_at - seen.not_shrinking_since for name, seen in self._seen.items()}


def _next(before: Mapping[str, _Seen], reading: BrokerReading, now: float) -> Iterator[tuple[str, _Seen]]:
    queues: tuple[QueueReading, ...] = (*reading.queues, *reading.other_queues)
    for queue in queues:
        if not queue.ready or is_dead_letter_queue(queue.name):
            continue
        seen = before.get(queue.name, _Seen(now, now, queue.ready))
        not_shrinking_since = now if queue.ready < seen.ready else seen.not_shrinking_since
        yield queue.name, replace(seen, not_shrinking_since=not_shrinking_since, ready=queue.ready)
