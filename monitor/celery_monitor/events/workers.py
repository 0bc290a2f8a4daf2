"""What events say about their worker: its process, its clock, and how many events are missing."""

from collections.abc import Iterable, Mapping, Set

from celery_monitor.events.event import ONLINE, Event
from celery_monitor.events.missed import MissedEvents
from celery_monitor.events.open_runs import MissingEnd, OpenRuns
from celery_monitor.events.skew import ClockSkew
from celery_monitor.records.tasks import Run, TaskRecord

MAX_WORKERS = 5_000
_LAG_EVERY_SECONDS = 2.0
_LAG_WITHIN_SECONDS = 10.0
_MAX_LAG_SECONDS = 30.0
_SHARED_SECONDS = 60.0
"""How long a name counts as that of two processes after both were heard of."""
_SET_BACK_EVENTS = 3
"""When this number of events of a worker in a row seem to be late, its clock was set back."""
_ONE_MOMENT_SECONDS = 1.0
"""Late events within this time count as one: Celery sends at once what it kept, and heartbeats every 2 s."""


class WorkerTrack:
    """One worker, known by its name.

    ``pid``: of its main process, 0 while only processes of its pool were heard of.
    ``processed``: tasks that the worker process has started, None before its first heartbeat.
    ``last_seen``: when its last event was received, Unix time of the monitor. ``sends_task_events``: whether
    this process has sent a task event. ``ends_missing``: how many runs have ended without an event of that.
    ``lost``: the tasks that it was running when it was last given up.
    """

    __slots__ = (
        "_first_processed",
        "_late",
        "_late_at",
        "_latest",
        "_missed",
        "_missed_before",
        "_ordered_to_send",
        "_shared_at",
        "ends_missing",
        "former_pid",
        "last_seen",
        "lost",
        "name",
        "open_runs",
        "pid",
        "processed",
        "sends_task_events",
        "skew",
    )

    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self.pid = pid
        self.former_pid = 0
        self._shared_at = -_SHARED_SECONDS
        self._latest = 0.0
        self._late = 0
        self._late_at = 0.0
        self.last_seen = 0.0
        self.skew = ClockSkew()
        self.processed: int | None = None
        self.sends_task_events = False
        self._first_processed: int | None = None
        self._ordered_to_send = False
        self._missed = MissedEvents()
        self._missed_before = 0
        self.open_runs = OpenRuns()
        self.ends_missing = 0
        self.lost: set[str] = set()

    @property
    def clock_skew(self) -> float:
        """Seconds that the worker's clock is ahead of the monitor's; 0.0 if they agree."""
        return self.skew.seconds

    @property
    def missed(self) -> int:
        """Starts and ends of runs that the monitor has no event of, over restarts of the worker.

        Of a process that had started tasks when it was first heard of, those before its first task event are
        not counted. While no task event has come from a process, its tasks are in ``silent``.
        """
        return self._missed_before + self._missed.count + self.ends_missing

    @property
    def silent(self) -> int:
        """Tasks that the process started since its first heartbeat here, while it sent no task events at all.

        Once it has been ordered to send them, those since that order. Above 0, the worker's task events are
        switched off.
        """
        if self.sends_task_events or self.processed is None or self._first_processed is None:
            return 0
        return self.processed - self._first_processed

    def ordered_to_send(self) -> None:
        """The process has received the first order to send task events. What it ran before shows nothing."""
        if not self._ordered_to_send:
            self._ordered_to_send = True
            # The next heartbeat begins: what started since the last one may have been before the order.
            self._first_processed = None

    def started(self, timestamp: float) -> None:
        """Note a task-started event, by the worker's clock."""
        self._missed.started(timestamp)

    def is_late(self, event: Event, received: float) -> bool:
        """Whether this process sent a worker event after this one that came before it.

        Celery keeps an event that it cannot send, and may send it after newer ones once its broker is back.
        """
        if event.pid != self.pid or event.timestamp >= self._latest:
            return False
        if event.type == ONLINE and event.processed == 0:
            return False  # in a container, a new process often has the pid of the old one
        if abs(received - self._late_at) >= _ONE_MOMENT_SECONDS:
            self._late, self._late_at = self._late + 1, received
        return self._late < _SET_BACK_EVENTS

    def is_replaced(self, event: Event) -> bool:
        """Whether this worker event shows that another process has taken the worker's name."""
        if self.pid and event.pid != self.pid:
            if event.pid != self.former_pid:
                return True
            self._shared_at = event.timestamp  # the process of before lives beside the new one
            return False
        # In a container, the new process often has the pid of the old one.
        return event.processed is not None and event.processed < (self.processed or 0)

    def begin_process(self) -> None:
        """Another process has taken the worker's name."""
        self._missed.compare()
        self._missed_before += self._missed.count
        self.processed = None
        self.sends_task_events = False
        self._first_processed = None
        self._ordered_to_send = False
        self._missed = MissedEvents()
        self.open_runs = OpenRuns()
        self.lost = set()

    def heartbeat(self, event: Event) -> list[MissingEnd]:
        """Note a worker event with its counters. Gives the ends of which no event came."""
        if event.pid != self.pid:
            self.former_pid = self.pid
        self.pid = event.pid
        self._latest, self._late = event.timestamp, 0
        if event.timestamp - self._shared_at < _SHARED_SECONDS:
            return []  # the numbers are those of one process, and the task events those of two
        if event.processed is not None:
            self.processed = event.processed
            if self._first_processed is None:
                self._first_processed = event.processed
            # Of a process that has started nothing yet, each task counts: its first events may be lost.
            if self.sends_task_events or event.processed == 0:
                self._missed.heartbeat(event.processed, event.timestamp)
        if event.active is None:
            return []
        return self.open_runs.heartbeat(event.active, event.timestamp)


class _Restored:
    """Since when tasks have been running on one worker, by the monitor's clock."""

    __slots__ = ("processed", "started")

    def __init__(self, processed: int | None) -> None:
        self.processed = processed
        self.started: dict[str, float] = {}


class Workers(dict[str, WorkerTrack]):
    """All workers by name, at most ``MAX_WORKERS``: the one that was seen longest ago leaves first."""

    def __init__(self) -> None:
        super().__init__()
        self._common_lag = 0.0
        self._lag_at = 0.0
        # What the history says of workers of which no event has come yet.
        self._restored: dict[str, _Restored] = {}
        self._running: dict[str, set[str]] = {}

    def add(self, name: str, pid: int) -> WorkerTrack:
        """A worker that was not known."""
        if len(self) >= MAX_WORKERS:
            del self[min(self, key=lambda known: self[known].last_seen)]
        track = self[name] = WorkerTrack(name, pid)
        return track

    def note_runs(self, record: TaskRecord, before: frozenset[str]) -> frozenset[str]:
        """Note which workers are running the task now, and return them. ``before``: those that were."""
        running = frozenset(run.worker for run in record.runs if run.is_running)
        for run in record.runs:
            track = self.get(run.worker)
            if track is None:
                continue
            if run.is_running:
                track.open_runs.started(record.id, (run.started or 0.0) + track.skew.seconds)
            elif run.worker not in running:
                track.open_runs.ended(record.id, (run.finished or 0.0) + track.skew.seconds)
        if running != before:
            self.forget_task(record.id, before - running)
            for worker in running - before:
                self._running.setdefault(worker, set()).add(record.id)
        return running

    def running_on(self, worker: str) -> Set[str]:
        """The tasks that the worker is running, of those that ``note_runs`` has noted."""
        return self._running.get(worker, frozenset())

    def forget_task(self, task_id: str, workers: Iterable[str]) -> None:
        """These workers are no longer running the task, or it leaves the memory."""
        for worker in workers:
            tasks = self._running[worker]
            tasks.discard(task_id)
            if not tasks:
                del self._running[worker]

    def restore(self, record: TaskRecord, processed: Mapping[str, int]) -> tuple[frozenset[str], list[str]]:
        """Note the runs that were not finished when the monitor stopped.

        ``processed``: how many tasks each worker had started by then. Returns the workers that were running
        the task, and those of them whose name another process is known to have now.
        """
        replaced = [
            run.worker
            for run in record.runs
            if run.is_running and self._restore_run(record.id, run, processed.get(run.worker))
        ]
        return self.note_runs(record, frozenset()), replaced

    def _restore_run(self, task_id: str, run: Run, processed: int | None) -> bool:
        track = self.get(run.worker)
        if track is None:
            restored = self._restored.setdefault(run.worker, _Restored(processed))
            restored.started[task_id] = run.started or 0.0
            return False
        # An event of the worker came before the history was read.
        if track.processed is None:
            track.processed = processed
        return processed is not None and (track.processed or 0) < processed

    def bring_back(self, track: WorkerTrack) -> None:
        """The first event of the worker has come."""
        restored = self._restored.pop(track.name, None)
        if restored is not None:
            track.processed = restored.processed
            for task_id, at in restored.started.items():
                track.open_runs.started(task_id, at + track.skew.seconds)

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
