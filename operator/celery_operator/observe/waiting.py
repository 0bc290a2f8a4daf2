"""For how long messages have waited in queues, or without a worker, which no single reading shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from celery_health.broker import BrokerReading, QueueReading
from celery_health.wire.names import is_dead_letter_queue
from celery_operator.snapshot import PodState

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


class UnheldMessages:
    """Remembers readings. All times are seconds of one clock that never goes back.

    Broker and workers are not read at the same moment, so under load a single reading differs by the tasks
    that began or ended in between.
    """

    def __init__(self) -> None:
        self._since: float | None = None
        self._updated_at = float("-inf")

    def update(self, broker: BrokerReading, pods: tuple[PodState, ...], now: float) -> float:
        """Seconds for which each reading had more unacknowledged messages than tasks in flight."""
        count = 0 if broker.unacked is None else broker.unacked.count
        since = self._since if now - self._updated_at <= LONGEST_GAP_SECONDS else None
        if count > sum(map(_in_flight, pods)):
            self._since = now if since is None else since
        else:
            self._since = None
        self._updated_at = now
        return 0.0 if self._since is None else now - self._since


def _in_flight(pod: PodState) -> int:
    report = pod.reading.live_report if pod.reading else None
    return 0 if report is None else report.in_flight
