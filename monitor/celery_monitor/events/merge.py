"""Events of all tasks to records, in bounded memory. Pure: no clock and no I/O."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from math import inf, nextafter
from sys import intern
from types import MappingProxyType

from celery_monitor.events import event as types
from celery_monitor.events.clean import clean
from celery_monitor.events.counters import Counters
from celery_monitor.events.event import Event, WorkerEvent
from celery_monitor.events.fold import END_MISSING, WORKER_ALIVE, WORKER_GONE, is_known, record_of
from celery_monitor.events.open_runs import MissingEnd
from celery_monitor.events.plain import plain_record
from celery_monitor.events.stored_ends import stored_end
from celery_monitor.events.task_events import TaskEvents
from celery_monitor.events.workers import Workers, WorkerTrack
from celery_monitor.records.states import FINAL_STATES, NOT_RUNNING, UNREPORTED
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.texts import Texts

MAX_UNFINISHED = 50_000
MAX_FINISHED = 10_000
_NONE: Mapping[str, int] = MappingProxyType({})
# No event of the task is likely to come.
_SETTLED_STATES = FINAL_STATES | {UNREPORTED}
_WORKER_EVENTS = frozenset({types.ONLINE, types.HEARTBEAT, types.OFFLINE})


class Merger:
    """Keeps unfinished tasks, and finished ones for a while, and hands out the records that changed.

    ``on_worker`` is called for each event of a worker. ``on_task`` is called once for each task event with
    the name of its task, if known. ``accept`` says which events count, None for all: several applications
    may share a broker.

    Above ``max_unfinished`` the unfinished task that has been known longest leaves the memory, first of those
    that are not running; later events of it give a record that has to be merged with the stored one.
    ``counters.evicted`` counts that.
    """

    def __init__(
        self,
        *,
        on_worker: Callable[[WorkerEvent], object] | None = None,
        on_task: Callable[[Event, str | None], object] | None = None,
        accept: Callable[[Event], bool] | None = None,
        texts: Texts | None = None,
        counters: Counters | None = None,
        max_unfinished: int = MAX_UNFINISHED,
        max_finished: int = MAX_FINISHED,
    ) -> None:
        self.counters = counters or Counters()
        self.workers = Workers()
        self._on_worker = on_worker
        self._on_task = on_task
        self._accept = accept
        self._texts = texts or Texts()
        self._max_unfinished = max_unfinished
        self._max_finished = max_finished
        self._unfinished: dict[str, TaskEvents] = {}
        self._finished: dict[str, TaskEvents] = {}
        self._changed: dict[str, TaskEvents] = {}
        # Tasks that may be running twice, by the worker whose next heartbeat proves it.
        self._doubtful: dict[str, set[str]] = {}

    def apply(self, event: Event, received: float) -> None:
        """Take in one event that was received at this time (Unix time of the monitor). It never raises."""
        if self._accept is not None and not self._accept(event):
            self.counters.ignored += 1
        elif event.uuid is not None and event.type.startswith("task-"):
            self._task_event(event, event.uuid, received)
        elif event.type in _WORKER_EVENTS:
            self._worker_event(event, received)
        else:
            self.counters.ignored += 1

    def take_changed(self, most: int | None = None) -> list[TaskRecord]:
        """The records that changed since they were last taken, at most ``most``, those that changed first.

        The caller owns them: they change no more.
        """
        if most is None or most >= len(self._changed):
            changed, self._changed = self._changed, {}
        else:
            changed = {task_id: self._changed.pop(task_id) for task_id in list(islice(self._changed, most))}
        records = [self._record(task_id, task) for task_id, task in changed.items()]
        self._make_room()
        return records

    @property
    def changed(self) -> int:
        """How many records have changed and were not taken yet."""
        return len(self._changed)

    def get(self, task_id: str) -> TaskRecord | None:
        """The record of a task in memory, with all events so far."""
        return None if (task := self._find(task_id)) is None else self._record(task_id, task)

    def restore(self, records: Iterable[TaskRecord], processed: Mapping[str, int] = _NONE) -> None:
        """Take in stored records of unfinished tasks, with their runs, after a start of the monitor.

        ``processed``: how many tasks each worker had started when it was last seen. A smaller number shows
        that another process has its name now.
        """
        for record in records:
            if (task := self._find(record.id)) is not None:
                task.name = task.name or record.name  # its later events have none either
            else:
                running_on, replaced = self.workers.restore(record, processed)
                task = self._unfinished[record.id] = TaskEvents(record, record.name, running_on=running_on)
                for worker in replaced:
                    at = self.workers[worker].last_seen
                    self._conclude(record.id, task, Event(type=WORKER_GONE, hostname=worker, timestamp=at))

    def learn_end(self, record: TaskRecord, ended: TaskRecord, received: float) -> None:
        """Take in the end of a task that only the result backend has. ``record``: the task without it."""
        track = self.workers.get(ended.worker or "")
        if (end := stored_end(ended, 0.0 if track is None else track.clock_skew)) is None:
            return
        known = TaskEvents(record, record.name)
        task = self._find(record.id) or self._unfinished.setdefault(record.id, known)
        if not is_known(end, task.events):
            task.events.append(end)
            task.updated = received
            self._changed[record.id] = task

    def mark_lost(self, worker: str, at: float) -> int:
        """The worker has been gone since ``at``: what it was running is lost. Returns the number of tasks.

        If the same process is heard of again, its tasks are running again.
        """
        if (track := self.workers.get(worker)) is None:
            return len(self._mark_lost(worker, 0, at))
        lost = self._lose_worker(track, 0, at)
        track.lost |= lost
        return len(lost)

    def unfinished(self) -> list[TaskRecord]:
        """The records of all unfinished tasks in memory."""
        return [self._record(task_id, task) for task_id, task in list(self._unfinished.items())]

    def __len__(self) -> int:
        """How many tasks are in memory."""
        return len(self._unfinished) + len(self._finished)

    def _find(self, task_id: str) -> TaskEvents | None:
        return self._unfinished.get(task_id) or self._finished.get(task_id)

    def _task_event(self, event: Event, task_id: str, received: float) -> None:
        task = self._unfinished.get(task_id) or self._finished.get(task_id)
        if task is None:
            task = self._unfinished[task_id] = TaskEvents()
        event.type = intern(event.type)
        event.hostname = intern(event.hostname)
        track = None if event.type == types.SENT else self._track(event, received)
        if track is not None and track.skew.seconds:
            event.timestamp -= track.skew.seconds
        events = task.events
        if events and is_known(event, events):
            return
        if track is not None:
            track.sends_task_events = True
            if event.type == types.STARTED:
                track.started(event.timestamp + track.skew.seconds)
        if event.name is not None:
            event.name = task.name = intern(event.name)
        clean(event, self._texts)
        events.append(event)
        task.updated = received
        self._changed[task_id] = task
        task.shorten(task_id)
        if self._on_task is not None:
            self._on_task(event, task.name)

    def _track(self, event: Event, received: float) -> WorkerTrack:
        track = self.workers.get(event.hostname)
        if track is None:
            # A custom event comes from a process of the pool, which has a pid of its own.
            track = self.workers.add(event.hostname, event.pid if event.type in types.CELERYS else 0)
            track.skew.first_contact(event.timestamp, received)
            self.workers.bring_back(track)
        track.last_seen = received
        return track

    def _worker_event(self, event: Event, received: float) -> None:
        name = event.hostname = intern(event.hostname)
        track = self._track(event, received)
        track.skew.sample(event.timestamp, received, self.workers.common_lag(received))
        if track.is_late(event, received):
            return
        at = event.timestamp - track.clock_skew
        if track.is_replaced(event):
            self._lose_worker(track, track.pid, at)
            track.begin_process()
        else:
            if name in self._doubtful:
                self._prove_alive(track, at)
            if track.lost and event.type != types.OFFLINE:
                self._take_back(track, event, at)
        for end in track.heartbeat(event):
            self._mark_end_missing(track, end)
        if self._on_worker is not None:
            self._on_worker(WorkerEvent.of(event, at, received))

    def _lose_worker(self, track: WorkerTrack, pid: int, at: float) -> set[str]:
        for end in track.open_runs.at_the_end():
            self._mark_end_missing(track, end)
        return self._mark_lost(track.name, pid, at)

    def _mark_lost(self, worker: str, pid: int, at: float) -> set[str]:
        lost = set()
        self._doubtful.pop(worker, None)
        # What has changed since the records were last taken is not noted yet.
        changed = (task_id for task_id, task in self._changed.items() if task.is_of(worker))
        for task_id in {*self.workers.running_on(worker), *changed}:
            mark = Event(type=WORKER_GONE, hostname=worker, pid=pid, timestamp=at)
            if (task := self._find(task_id)) is not None and self._conclude(task_id, task, mark):
                lost.add(task_id)
        return lost

    def _take_back(self, track: WorkerTrack, event: Event, at: float) -> None:
        """The process was only out of reach: a worker that reconnects seems to shut down and to start."""
        tasks, track.lost = track.lost, set()
        if not event.processed:
            return  # a new process with the pid of the old one, as in a container
        for task_id in tasks:
            if (task := self._find(task_id)) is None:
                continue
            _, runs = record_of(task_id, task.base, task.events)
            if (lost := runs.lost_since(track.name)) is not None:
                back = max(at, nextafter(lost, inf))
                task.events.append(
                    Event(type=WORKER_ALIVE, hostname=track.name, pid=event.pid, timestamp=back)
                )
                self._changed[task_id] = task

    def _mark_end_missing(self, track: WorkerTrack, end: MissingEnd) -> None:
        at = end.at - track.clock_skew
        if (task := self._find(end.task_id)) is not None:
            mark = Event(type=END_MISSING, hostname=track.name, pid=track.pid, timestamp=at)
            track.ends_missing += self._conclude(end.task_id, task, mark)

    def _conclude(self, task_id: str, task: TaskEvents, mark: Event) -> bool:
        """Add a mark that ends the runs of the worker. False if it is running none."""
        _, runs = record_of(task_id, task.base, task.events)
        last = runs.last_sign_of(mark.hostname)
        if last is None:
            return False
        mark.timestamp, mark.clock = max(mark.timestamp, last), 2**53
        task.events.append(mark)
        self._changed[task_id] = task
        return True

    def _prove_alive(self, track: WorkerTrack, at: float) -> None:
        for task_id in self._doubtful.pop(track.name):
            if (task := self._unfinished.get(task_id)) is not None:
                mark = Event(type=WORKER_ALIVE, hostname=track.name, pid=track.pid, timestamp=at)
                task.events.append(mark)
                self._changed[task_id] = task

    def _record(self, task_id: str, task: TaskEvents) -> TaskRecord:
        record = plain_record(task_id, task.events) if task.base is None else None
        if record is None:
            record, runs = record_of(task_id, task.base, task.events)
            if len(record.runs) > 1 and not record.run_twice:
                for worker in runs.doubtful():
                    self._doubtful.setdefault(worker, set()).add(task_id)
        record.updated = max(record.updated, task.updated)
        if task.running_on or record.state not in NOT_RUNNING or len(record.runs) > 1:
            task.running_on = self.workers.note_runs(record, task.running_on)
        if record.state in _SETTLED_STATES:
            if self._unfinished.pop(task_id, None) is not None:
                self._finished[task_id] = task
        elif self._finished.pop(task_id, None) is not None:
            self._unfinished[task_id] = task
        return record

    def _make_room(self) -> None:
        self._drop_oldest(self._finished, self._max_finished)
        self.counters.evicted += self._drop_oldest(self._unfinished, self._max_unfinished)

    def _drop_oldest(self, tasks: dict[str, TaskEvents], most: int) -> int:
        """Delete the tasks above ``most`` that came first, and have not changed since; how many.

        Those that are running come last: only a task in memory is lost with its worker.
        """
        oldest: list[str] = []
        for running in (False, True):
            first = (
                task_id
                for task_id, task in tasks.items()
                if bool(task.running_on) is running and task_id not in self._changed
            )
            # In one pass: each new iterator would have to skip all that was deleted before.
            oldest += islice(first, max(0, len(tasks) - most - len(oldest)))
        for task_id in oldest:
            self.workers.forget_task(task_id, tasks.pop(task_id).running_on)
        return len(oldest)
