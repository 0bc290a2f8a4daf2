"""What only several checks show: since when queues hold messages, and since when workers make no progress."""

from dataclasses import replace

from celery_health.broker import BrokerReading
from celery_health.survey.snapshot import Snapshot


class CheckHistory:
    """Remembers earlier checks. ``now`` is always in seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._nonempty_since: dict[str, float] = {}
        self._progress: dict[str, tuple[int, int, float]] = {}

    def nonempty_seconds(self, broker: BrokerReading, now: float) -> dict[str, float]:
        """For how many seconds each queue has held ready messages in each check, this one included."""
        nonempty = {queue.name for queue in (*broker.queues, *broker.other_queues) if queue.ready}
        self._nonempty_since = {name: self._nonempty_since.get(name, now) for name in nonempty}
        return {name: now - since for name, since in self._nonempty_since.items()}

    def with_idle_times(self, snapshot: Snapshot, now: float) -> Snapshot:
        """The snapshot with the seconds in which each worker has started and ended no task."""
        progress: dict[str, tuple[int, int, float]] = {}
        for worker in snapshot.workers:
            if (started := snapshot.started.get(worker.name)) is not None:
                *counts, since = self._progress.get(worker.name, (-1, -1, now))
                same = counts == [started, worker.active_count]
                progress[worker.name] = (started, worker.active_count, since if same else now)
        # At the first check of a worker its idle time is unknown.
        idle = {name: now - since for name, (*_, since) in progress.items() if name in self._progress}
        self._progress = progress
        workers = tuple(replace(worker, idle_for=idle.get(worker.name)) for worker in snapshot.workers)
        return replace(snapshot, workers=workers)
