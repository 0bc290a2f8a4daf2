"""Makes the snapshots of the rules from the parts of the monitor."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from celery_health.broker import matches_any
from celery_health.wire.names import is_dead_letter_queue
from celery_monitor.alerts.snapshot import AlertSnapshot
from celery_monitor.alerts.stuck import StuckTasks
from celery_monitor.clocks import passed
from celery_monitor.events.merge import Merger
from celery_monitor.history.history import History
from celery_monitor.live.blindness import blind
from celery_monitor.live.live import Live

WINDOW_SECONDS = 600.0
_SAMPLE_SECONDS = 60.0
_STUCK_SECONDS = 60.0


class _Counters(NamedTuple):
    at: float
    dropped: int
    missed: Mapping[str, int]


class Watch:
    """``in_cluster``: whether an operator pushes what it knows. ``ignored``: patterns of the names of queues
    that are unread by design, in which * stands for any characters.
    """

    def __init__(
        self,
        live: Live,
        merger: Merger,
        history: History,
        stuck: StuckTasks,
        *,
        in_cluster: bool,
        ignored: Sequence[str] = (),
    ) -> None:
        self._live = live
        self._merger = merger
        self._history = history
        self._stuck = stuck
        self._in_cluster = in_cluster
        self._ignored = ignored
        self._since = live.clock()
        self._samples: deque[_Counters] = deque([self._counters()])
        self._found: Mapping[str, int] | None = None
        self._asked_at = 0.0

    def turn(self) -> None:
        """Keep the windows as long as they should be. Call it about every 10 seconds."""
        now = self._live.clock()
        self._live.windows.turn(now)
        if (ahead := self._samples[-1].at - now) > 0:
            # The clock was set back.
            self._samples = deque(one._replace(at=one.at - ahead) for one in self._samples)
        if now - self._samples[-1].at >= _SAMPLE_SECONDS:
            self._samples.append(self._counters())
            while now - self._samples[1].at >= WINDOW_SECONDS:
                self._samples.popleft()

    async def snapshot(self) -> AlertSnapshot:
        """What is known now."""
        live, now = self._live, self._live.clock()
        sight, reading = live.sight(), live.known_queues.reading
        status = self._history.status()
        if passed(self._asked_at, _STUCK_SECONDS, now):
            self._found, self._asked_at = await self._stuck.find(), now
        counters, before = self._counters(), self._samples[0]
        push_age = now - (self._since if live.pushed_at is None else live.pushed_at)
        return AlertSnapshot(
            now=now,
            tasks=live.windows,
            connected=sight.connected,
            workers_online=sum(worker.online for worker in live.known_workers),
            queues=[one for one in live.queues() if not self._is_unread_by_design(one.name)],
            queues_read=reading is not None and reading.reachable is True,
            consumers_known=live.known_workers.queues_are_known(),
            in_cluster=self._in_cluster,
            push=live.fresh_push(),
            push_age=push_age,
            history_available=status.available,
            blind=blind(sight) is not None,
            dropped=counters.dropped - before.dropped,
            missed=sum(
                max(0, number - before.missed.get(name, 0)) for name, number in counters.missed.items()
            ),
            stuck=self._found,
        )

    def _is_unread_by_design(self, queue: str) -> bool:
        return is_dead_letter_queue(queue) or matches_any(queue, self._ignored)

    def _counters(self) -> _Counters:
        dropped = self._merger.counters.dropped + self._history.status().dropped
        missed = {name: track.missed for name, track in self._merger.workers.items() if track.missed}
        return _Counters(self._live.clock(), dropped, missed)
