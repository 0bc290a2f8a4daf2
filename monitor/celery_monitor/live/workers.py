"""All workers, in bounded memory. Pure: the time is passed in."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from celery_health.wire.resource_push import ResourcePush
from celery_monitor.events.event import OFFLINE, WorkerEvent
from celery_monitor.events.workers import WorkerTrack
from celery_monitor.live.beyond import Beyond
from celery_monitor.live.inspection import MAX_QUEUES_OF_WORKER, Inspected
from celery_monitor.live.views import OfflineReason, WorkerView
from celery_monitor.live.worker import WITHOUT_HEARTBEAT_SECONDS, Worker
from celery_monitor.records.samples import WorkerSample

MAX_WORKERS = 10_000
_ASK_AGAIN_SECONDS = 60.0
_ASK_AGAIN_UNANSWERED_SECONDS = 10.0
_ASK_AGAIN_ORDERED_SECONDS = 2.0
_SETTLING_SECONDS = 30.0
"""A pool grows and shrinks some time after its worker has said that it will."""
_ASK_AGAIN_SETTLING_SECONDS = 10.0
LOST_AFTER_SECONDS = 30.0
"""How long a worker without heartbeats keeps its tasks: a busy machine or a broker may hold them up."""
LOST_AFTER_SHUTDOWN_SECONDS = 3.0
"""For the events that a worker sent before it went offline."""
DROP_SERIES_SECONDS = 600.0
"""After this time offline the metrics of a worker end, as celery-exporter's do."""
FORGET_AFTER_SECONDS = 24 * 3600.0


class Workers:
    """Workers by name. ``beyond``: how many were seen for which there was no room."""

    def __init__(self, tracks: Mapping[str, WorkerTrack]) -> None:
        self._tracks = tracks
        self._workers: dict[str, Worker] = {}
        self._beyond = Beyond(MAX_WORKERS, WITHOUT_HEARTBEAT_SECONDS)
        self.changed_online = True
        """Whether a worker has come or gone since the queues of the workers were last read."""
        self.on_change: Callable[[], None] = lambda: None
        """Called when the queues or the group of a worker may have changed."""
        self.on_forget: Callable[[str], object] = lambda _: None
        """Called with the name of each worker that is forgotten."""

    def __len__(self) -> int:
        return len(self._workers)

    def __iter__(self) -> Iterator[Worker]:
        return iter(self._workers.values())

    @property
    def beyond(self) -> int:
        """How many workers there is no room for."""
        return len(self._beyond)

    def get(self, name: str) -> Worker | None:
        """One worker."""
        return self._workers.get(name)

    def on_event(self, event: WorkerEvent) -> bool:
        """Note a worker event. True if a process came online, so that its task events have to be enabled."""
        worker = self._workers.get(event.name)
        new = worker is None
        if worker is None:
            worker = self._add(event.name, event.received)
            if worker is None:
                return False
        begins = worker.on_event(event) or new
        if begins or event.kind == OFFLINE:
            self._changed()
        return begins and event.kind != OFFLINE

    def restore(self, name: str, sample: WorkerSample | None, now: float) -> None:
        """Expect to hear of a worker that had tasks when the monitor stopped.

        ``sample``: what was known of it.
        """
        worker = None if name in self._workers else self._add(name, now)
        if worker is None:
            return
        if sample is None or sample.processed is not None:
            # As far as is known, it sends heartbeats, so its silence will prove that it is gone.
            worker.heartbeat_at = now
        if sample is not None:
            worker.processed = sample.processed

    def to_ask(self, now: float, most: int) -> list[str]:
        """The online workers to ask by remote control now: those never asked first."""
        due = [worker for worker in self if worker.online and _is_due(worker, now)]
        due.sort(key=lambda worker: worker.asked_at or 0.0)
        for worker in due[:most]:
            worker.asked_at = now
        return [worker.name for worker in due[:most]]

    def ask_again(self, name: str, now: float) -> None:
        """Have a worker asked once it has carried out an order, and more often for a while."""
        worker = self._workers.get(name)
        if worker is not None:
            worker.asked_at = now - _ASK_AGAIN_SETTLING_SECONDS + _ASK_AGAIN_ORDERED_SECONDS
            worker.settled_at = now + _SETTLING_SECONDS

    def on_answer(self, name: str, answer: Inspected, now: float) -> None:
        """Note what a worker answered. An answer also shows a worker that sends no heartbeats."""
        worker = self._workers.get(name) or self._add(name, now)
        if worker is not None:
            worker.on_answer(answer, now)
            self._changed()

    def on_ping(self, names: Iterable[str], now: float) -> None:
        """Note which workers have answered a ping. It shows a worker that sends no events."""
        for name in names:
            worker = self._workers.get(name)
            if worker is not None:
                worker.on_ping(now)
            elif self._add(name, now) is not None:
                self._changed()

    def on_push(self, push: ResourcePush, now: float) -> None:
        """Take in what the operator says of the workers of its resource."""
        groups = push.groups_of_workers()
        reported = push.reports_of_workers()
        for worker in self:
            worker.pushed = reported.get(worker.name)
        for name, pushed in reported.items():
            known = self._workers.get(name) or self._add(name, now)
            if known is not None:
                known.pushed, known.group = pushed, groups.get(name)
                known.seen(now - pushed.age)
        self._changed()

    def forget_push(self) -> None:
        """The operator is silent: what it last said of the workers no longer counts. Their groups stay."""
        for worker in self:
            if worker.pushed is not None:
                worker.pushed = None
                self._changed()

    def expire(self, now: float) -> None:
        """Find the workers whose heartbeats have stopped, and forget those that went long ago."""
        gone = []
        self._beyond.expire(now)
        self._add_by_tasks(now)
        for worker in self:
            if (track := self._tracks.get(worker.name)) is not None:
                worker.seen(track.last_seen)
            if worker.online and now > worker.silent_until() and not worker.may_be_silent():
                worker.fall_silent()
                self._changed()
            if not worker.online and now - worker.since > FORGET_AFTER_SECONDS:
                gone.append(worker.name)
        for name in gone:
            self._forget(name)

    def lost(self, now: float) -> list[tuple[str, float]]:
        """Workers that are gone for certain, each once, with the time at which they were last seen."""
        found = []
        for worker in self:
            if worker.online or worker.lost_marked:
                continue
            shut_down = worker.offline is OfflineReason.SHUT_DOWN
            if worker.heartbeat_at is None and not shut_down:
                continue  # it sends no heartbeats: its silence proves nothing
            patience = LOST_AFTER_SHUTDOWN_SECONDS if shut_down else LOST_AFTER_SECONDS
            if now - worker.since >= patience:
                worker.lost_marked = True
                found.append((worker.name, worker.since))
        return found

    def end_series(self, now: float) -> list[str]:
        """End the samples of workers that have been offline for long. Their names, each once."""
        found = []
        for worker in self:
            if not worker.online and not worker.series_dropped and now - worker.since > DROP_SERIES_SECONDS:
                worker.series_dropped = True
                found.append(worker.name)
        return found

    def note_alive(self, now: float) -> None:
        """The monitor was cut off until now: no worker is blamed for the silence."""
        for worker in self:
            if worker.online:
                worker.seen_at = max(worker.seen_at, now)

    def views(self) -> list[WorkerView]:
        """All workers, by name."""
        return [worker.view(self._tracks.get(name)) for name, worker in sorted(self._workers.items())]

    def view(self, name: str) -> WorkerView | None:
        """One worker."""
        worker = self._workers.get(name)
        return None if worker is None else worker.view(self._tracks.get(name))

    def samples(self, now: float) -> list[WorkerSample]:
        """For the history: all workers but those whose metrics have ended, which would fill it."""
        return [
            worker.sample(now, self._tracks.get(worker.name)) for worker in self if not worker.series_dropped
        ]

    def ordered_to_send_events(self, names: Iterable[str]) -> None:
        """These workers have received an order to send task events."""
        for name in names:
            if (track := self._tracks.get(name)) is not None:
                track.ordered_to_send()

    def without_task_events(self) -> list[str]:
        """Online workers that run tasks and send no task events."""
        return sorted(
            worker.name
            for worker in self
            if worker.online and worker.sends_task_events(self._tracks.get(worker.name)) is False
        )

    def consumers(self) -> dict[str, list[Worker]]:
        """The online workers of every queue that an online worker consumes."""
        found: dict[str, list[Worker]] = {}
        for worker in self:
            for queue in (worker.queues or ()) if worker.online else ():
                found.setdefault(queue, []).append(worker)
        return found

    def queues_are_known(self) -> bool:
        """Whether the queues of every online worker are known."""
        return not self._beyond and all(_queues_are_known(worker) for worker in self if worker.online)

    def _changed(self) -> None:
        self.changed_online = True
        self.on_change()

    def _add_by_tasks(self, now: float) -> None:
        """Workers that send task events and no heartbeats."""
        for name, track in self._tracks.items():
            if name not in self._workers and now - track.last_seen < WITHOUT_HEARTBEAT_SECONDS:
                self._add(name, track.last_seen)

    def _add(self, name: str, now: float) -> Worker | None:
        if len(self._workers) >= MAX_WORKERS and not self._make_room():
            self._beyond.add(name, now)
            return None
        self._beyond.discard(name)
        worker = self._workers[name] = Worker(name, now)
        return worker

    def _make_room(self) -> bool:
        """Forget the worker that has been offline for longest."""
        offline: Iterable[Worker] = (worker for worker in self if not worker.online)
        oldest = min(offline, key=lambda worker: worker.since, default=None)
        if oldest is None:
            return False
        self._forget(oldest.name)
        return True

    def _forget(self, name: str) -> None:
        del self._workers[name]
        self.on_forget(name)


def _queues_are_known(worker: Worker) -> bool:
    return worker.queues is not None and len(worker.queues) < MAX_QUEUES_OF_WORKER


def _is_due(worker: Worker, now: float) -> bool:
    if worker.asked_at is None:
        return True
    pause = _ASK_AGAIN_SECONDS
    if now < worker.settled_at:
        pause = _ASK_AGAIN_SETTLING_SECONDS
    elif worker.inspected.queues is None:
        pause = _ASK_AGAIN_UNANSWERED_SECONDS
    return now - worker.asked_at >= pause
