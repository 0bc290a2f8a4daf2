"""For how long queues have been seen to hold messages: what no single look at a broker tells."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from celery_health.broker import BrokerReading, QueueReading

LONGEST_GAP_SECONDS = 90.0
"""Looks farther apart say nothing of the time between them. The longest pause of a loop is shorter."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One queue with messages: since when, since when it has not got shorter, and how many there were."""

    since: float
    untouched_since: float
    ready: int


class WaitingQueues:
    """Remembers from look to look. All times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        self._seen: Mapping[str, _Seen] = {}
        self._looked_at = float("-inf")

    def look(self, reading: BrokerReading, now: float) -> None:
        """Take in one look. A queue that is empty, or whose length is not known, starts anew."""
        before = self._seen if now - self._looked_at <= LONGEST_GAP_SECONDS else {}
        self._seen = dict(_next(before, reading, now)) if reading.reachable is True else {}
        self._looked_at = now

    def waiting_for(self) -> Mapping[str, float]:
        """For how many seconds each queue has held messages at every look, up to the last one."""
        return {name: self._looked_at - seen.since for name, seen in self._seen.items()}

    def untouched_for(self) -> Mapping[str, float]:
        """For how many seconds each queue has held messages and never got shorter."""
        return {name: self._looked_at - seen.untouched_since for name, seen in self._seen.items()}


def _next(before: Mapping[str, _Seen], reading: BrokerReading, now: float) -> Iterator[tuple[str, _Seen]]:
    queues: tuple[QueueReading, ...] = (*reading.queues, *reading.other_queues)
    for queue in queues:
        if not queue.ready:
            continue
        seen = before.get(queue.name, _Seen(now, now, queue.ready))
        untouched_since = now if queue.ready < seen.ready else seen.untouched_since
        yield queue.name, replace(seen, untouched_since=untouched_since, ready=queue.ready)
