"""What events say about their worker: its process, its clock, and how many events are missing."""

from celery_monitor.events.event import Event
from celery_monitor.events.missed import MissedEvents
from celery_monitor.events.skew import ClockSkew

MAX_WORKERS = 5_000
_LAG_EVERY_SECONDS = 2.0
_LAG_WITHIN_SECONDS = 10.0
_MAX_LAG_SECONDS = 30.0


class WorkerTrack:
    """One worker, known by its name.

    ``processed``: tasks that the worker process has started, None before its first heartbeat.
    ``last_seen``: when its last event was received, Unix time of the monitor. ``sends_task_events``: whether
    this process has sent a task event.
    """

    __slots__ = (
        "_first_processed",
        "_missed",
        "_missed_before",
        "last_seen",
        "name",
        "pid",
        "processed",
        "sends_task_events",
        "skew",
    )

    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self.pid = pid
        self.last_seen = 0.0
        self.skew = ClockSkew()
        self.processed: int | None = None
        self.sends_task_events = False
        self._first_processed: int | None = None
        self._missed = MissedEvents()
        self._missed_before = 0

    @property
    def clock_skew(self) -> float:
        """Seconds that the worker's clock is ahead of the monitor's; 0.0 if they agree."""
        return self.skew.seconds

    @property
    def missed(self) -> int:
        """Tasks that the worker started and that the monitor has no event of, over restarts of the worker.

        Tasks that it started before its first task event are not counted here, but in ``silent``.
        """
        return self._missed_before + self._missed.count

    @property
    def silent(self) -> int:
        """Tasks that the process started since its first heartbeat here, while it sent no task events at all.

        A number above 0 means that the worker's task events are switched off.
        """
        if self.sends_task_events or self.processed is None or self._first_processed is None:
            return 0
        return self.processed - self._first_processed

    def started(self, timestamp: float) -> None:
        """Note a task-started event, by the worker's clock."""
        self._missed.started(timestamp)

    def heartbeat(self, event: Event) -> bool:
        """Note a worker event with its counter. True if another process has taken the worker's name."""
        replaced = self._is_replaced(event)
        if replaced:
            self._missed.compare()
            self._missed_before += self._missed.count
            self._begin_process()
        self.pid = event.pid
        if event.processed is not None:
            self.processed = event.processed
            if self._first_processed is None:
                self._first_processed = event.processed
            if self.sends_task_events:
                self._missed.heartbeat(event.processed, event.timestamp)
        return replaced

    def _is_replaced(self, event: Event) -> bool:
        if event.pid != self.pid:
            return True
        # In a container the new process often has the pid of the old one.
        return event.processed is not None and event.processed < (self.processed or 0)

    def _begin_process(self) -> None:
        self.processed = None
        self.sends_task_events = False
        self._first_processed = None
        self._missed = MissedEvents()


class Workers(dict[str, WorkerTrack]):
    """All workers by name, at most ``MAX_WORKERS``: the one that was seen longest ago leaves first."""

    def __init__(self) -> None:
        super().__init__()
        self._common_lag = 0.0
        self._lag_at = 0.0

    def add(self, name: str, pid: int) -> WorkerTrack:
        """A worker that was not known."""
        if len(self) >= MAX_WORKERS:
            del self[min(self, key=lambda known: self[known].last_seen)]
        track = self[name] = WorkerTrack(name, pid)
        return track

    def common_lag(self, now: float) -> float:
        """By how many seconds the heartbeats of all workers are late: the lag of the monitor itself."""
        if abs(now - self._lag_at) >= _LAG_EVERY_SECONDS:
            self._lag_at = now
            recent = [
                offset
                for track in self.values()
                if now - track.last_seen < _LAG_WITHIN_SECONDS
                and (offset := track.skew.latest_offset) is not None
            ]
            lag = -max(recent) if len(recent) >= 2 else 0.0
            self._common_lag = lag if 0 < lag <= _MAX_LAG_SECONDS else 0.0
        return self._common_lag
