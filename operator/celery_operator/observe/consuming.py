"""For how long workers have been consuming: before that they could not fetch anything."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from celery_operator.observe.waiting import LONGEST_GAP_SECONDS
from celery_operator.snapshot import SidecarReading


@dataclass(frozen=True, slots=True)
class _Seen:
    """One consumer: a worker's process and how many times it has connected."""

    consumer: tuple[int, int]
    since: float
    at: float


class ConsumingWorkers:
    """Remembers readings by pod uid. All times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def update(self, readings: Mapping[str, SidecarReading], now: float) -> dict[str, SidecarReading]:
        """The readings of one reconcile with ``consuming_for``. A reading may be missing for a while."""
        for uid, reading in readings.items():
            self._take_in(uid, reading, now)
        self._seen = {uid: seen for uid, seen in self._seen.items() if now - seen.at <= LONGEST_GAP_SECONDS}
        return {
            uid: replace(reading, consuming_for=now - self._seen[uid].since) if uid in self._seen else reading
            for uid, reading in readings.items()
        }

    def _take_in(self, uid: str, reading: SidecarReading, now: float) -> None:
        before = self._seen.pop(uid, None)
        if reading.report is None or reading.verdict.consuming is not True:
            return
        consumer = reading.report.pid, reading.report.consumer_starts
        goes_on = before and before.consumer == consumer and now - before.at <= LONGEST_GAP_SECONDS
        self._seen[uid] = _Seen(consumer, before.since if before and goes_on else now, now)
