"""What runs now: takes worker events, readings of the broker, answers of workers and the operator's push."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import structs

from celery_health.broker import BrokerReading
from celery_health.wire.resource_push import ResourcePush
from celery_monitor.events.event import WorkerEvent
from celery_monitor.events.workers import WorkerTrack
from celery_monitor.live.blindness import Sight, Source
from celery_monitor.live.flow import TaskFlow
from celery_monitor.live.gauges import queue_gauges, worker_gauges
from celery_monitor.live.group_requests import GroupRequests
from celery_monitor.live.queues import Queues
from celery_monitor.live.resource import STALE_SECONDS, ResourceView
from celery_monitor.live.sent_tasks import SentTasks
from celery_monitor.live.stats import stats
from celery_monitor.live.views import QueueView, ScheduleView, Stats, WorkerView
from celery_monitor.live.workers import Workers
from celery_monitor.metrics.gauges import QueueGauge, WorkerGauge
from celery_monitor.metrics.labels import Labels
from celery_monitor.metrics.task_counts import TaskCounts
from celery_monitor.metrics.task_windows import TaskWindows
from celery_monitor.records.samples import QueueSample, WorkerSample
from celery_monitor.records.states import LOST
from celery_monitor.records.tasks import TaskRecord

_STALLED_SECONDS = 5.0
"""A longer pause between two passes is the monitor's own: no worker is blamed for it."""
_REPORT_SECONDS = 60.0
"""A worker whose report in a push is older is not alive."""


class Live:
    """State in memory, without I/O: ``polling`` brings it what has to be fetched.

    ``queues``: names that are always read. ``by_group``: metrics are labelled by worker group, which the
    operator's pushes name; until then the label is ``unknown``. ``is_ours``: whether a worker belongs to the
    application, None if all do; several applications may share a broker.
    """

    def __init__(
        self,
        queues: Iterable[str] = (),
        *,
        by_group: bool = False,
        is_ours: Callable[[str], bool] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.clock = clock
        self.is_ours = is_ours
        self.labels = Labels()
        self.labels.by_group = by_group
        self.labels.group_of, self.labels.queue_of = self._group_of, self._queue_of
        self.counts = TaskCounts(self.labels)
        self.sent = SentTasks()
        self.windows = TaskWindows(clock())
        self._flow = TaskFlow(self.sent, self.counts, self.windows)
        self.known_workers = Workers({})
        self.known_queues = Queues(queues, self.sent)
        self.push: ResourcePush | None = None
        """The last one, of any age: which resource it is about does not change."""
        self.pushed_at: float | None = None
        self._resource: ResourceView | None = None
        self.group_requests = GroupRequests()
        self._schedule = ScheduleView(unknown="The schedule has not been read yet.")
        self._source: Source | None = None
        self._mark_lost: Callable[[str, float], object] = lambda _name, _at: None
        self._since = self._passed = clock()
        self._remote_workers: int | None = None

    def follow(
        self,
        tracks: Mapping[str, WorkerTrack],
        mark_lost: Callable[[str, float], object],
        source: Source | None = None,
    ) -> None:
        """Use what the merger knows of workers, and report workers that are gone to it."""
        self.known_workers = Workers(tracks)
        self.known_workers.on_change = self.labels.forget
        self.known_workers.on_forget = self._flow.fetching.forget
        self._mark_lost, self._source = mark_lost, source

    # What comes in.

    def on_worker(self, event: WorkerEvent) -> None:
        """Note a worker event."""
        self.known_workers.on_event(event)

    @property
    def on_task(self) -> Callable[..., None]:
        """Note a task event. The merger calls it for each."""
        return self._flow.on_task

    def restore(self, workers: Mapping[str, WorkerSample | None]) -> None:
        """Expect to hear of the workers that had tasks when the monitor stopped."""
        for name, sample in workers.items():
            if self.is_ours is None or self.is_ours(name):
                self.known_workers.restore(name, sample, self.clock())

    def on_other_monitor(self, sample: WorkerSample) -> None:
        """Another monitor sees a worker that this one does not."""
        worker = self.known_workers.get(sample.name)
        if worker is not None:
            worker.seen(sample.at)

    def on_changed(self, records: Iterable[TaskRecord]) -> None:
        """Note the records that changed, once for each batch."""
        for record in records:
            if record.run_twice:
                self.counts.note(record.id, record.name, run_twice=True)
            if record.state == LOST:
                self.counts.note(record.id, record.name, run_twice=False)

    def on_push(self, push: ResourcePush) -> None:
        """Note what the operator knows of its resource."""
        self.push, self.pushed_at = push, (now := self.clock())
        self._resource = ResourceView(push=push, received_at=now)
        self.known_workers.on_push(push, now)
        self.known_queues.need((queue.name for queue in push.queues), now)

    def on_broker(self, reading: BrokerReading) -> None:
        """Note one reading of the broker."""
        now = self.clock()
        fetched = self._flow.fetching.by_queue(
            self.known_workers, self.known_queues.names(), now, queues_are_sent=self.sent.seen
        )
        self.known_queues.on_reading(reading, fetched, now)

    def on_schedule(self, schedule: ScheduleView) -> None:
        """Note one reading of the schedule."""
        self._schedule = schedule

    def on_ping(self, workers: Collection[str] | None) -> None:
        """Note which workers answer remote control; None if it cannot be used."""
        self._remote_workers = None if workers is None else len(workers)
        self.known_workers.on_ping(workers or (), self.clock())

    def check_workers(self) -> Iterator[None]:
        """Find workers that are gone, once a second, and have their tasks marked as lost: one worker a turn.

        Many may be gone at once, 30 s after a start of the monitor.
        """
        now = self.clock()
        cut_off = self._source is not None and not self._source.connected
        if cut_off or now - self._passed > _STALLED_SECONDS:
            self.known_workers.note_alive(now)
        if cut_off:
            self._since = now
        self._passed = now
        if self.fresh_push() is None:
            self.known_workers.forget_push()
        self.known_workers.expire(now)
        lost = self.known_workers.lost(now)
        for name in self.known_workers.end_series(now):
            if not self.labels.by_group:  # the other workers of a group go on with its series
                self.counts.forget_host(self.labels.host(name))
        if self.known_workers.changed_online:
            self._note_queues(now)
        self.known_queues.need(self.sent.queues(), now)
        for name, at in lost:
            worker = self.known_workers.get(name)
            if worker is not None and worker.lost_marked:
                self._mark_lost(name, at)
                yield

    # What goes out.

    def workers(self) -> Sequence[WorkerView]:
        """All workers, by name."""
        return self.known_workers.views()

    def worker(self, name: str) -> WorkerView | None:
        """One worker, None if it was never seen."""
        return self.known_workers.view(name)

    def queues(self) -> Sequence[QueueView]:
        """All queues, by name."""
        return self.known_queues.views(self.known_workers.consumers(), self.clock())

    def queue(self, name: str) -> QueueView | None:
        """One queue, None if it is not known."""
        return self.known_queues.view(name, self.known_workers.consumers(), self.clock())

    def schedule(self) -> ScheduleView:
        """The periodic tasks of beat."""
        return self._schedule

    def stats(self) -> Stats:
        """The sums."""
        last_event = None if self._source is None else self._source.last_received
        return stats(self.known_workers, self.known_queues, last_event, self.clock())

    def fresh_push(self) -> ResourcePush | None:
        """What the operator says of now, None while it is silent and outside a cluster."""
        is_stale = self.pushed_at is None or self.clock() - self.pushed_at > STALE_SECONDS
        return None if is_stale else self.push

    def resource(self) -> ResourceView | None:
        """What the operator last pushed, None before the first push and outside a cluster."""
        requests, stale, view = (
            self.group_requests.views(self.clock()),
            self.fresh_push() is None,
            self._resource,
        )
        if view is not None and (view.requests is not requests or view.stale != stale):
            self._resource = structs.replace(view, requests=requests, stale=stale)
        return self._resource

    def sight(self) -> Sight:
        """What the monitor sees, for ``blindness``."""
        workers, source = self._workers_elsewhere()
        return Sight(
            now=self.clock(),
            since=self._since,
            connected=self._source is None or self._source.connected,
            error=None if self._source is None else self._source.error,
            last_event=None if self._source is None else self._source.last_received,
            workers_elsewhere=workers,
            source=source,
            without_task_events=tuple(self.known_workers.without_task_events()),
        )

    def samples(self) -> tuple[list[QueueSample], list[WorkerSample]]:
        """Queues and workers at this moment, for the history."""
        now = self.clock()
        return self.known_queues.samples(now), self.known_workers.samples(now)

    def worker_gauges(self) -> list[WorkerGauge]:
        """For the metrics."""
        return worker_gauges(self.known_workers.views(), self.labels)

    def queue_gauges(self) -> list[QueueGauge]:
        """For the metrics."""
        known = self.known_workers
        return queue_gauges(self.queues(), known.consumers(), complete=known.queues_are_known())

    def _workers_elsewhere(self) -> tuple[int | None, str]:
        if (push := self.fresh_push()) is not None:
            alive = sum(pod.worker is not None and pod.worker.age < _REPORT_SECONDS for pod in push.pods)
            return alive, "the operator"
        if self._remote_workers:
            return self._remote_workers, "remote control"
        consumers = [queue.reading.consumers for queue in self.known_queues]
        return max((count for count in consumers if count), default=self._remote_workers), "the broker"

    def _note_queues(self, now: float) -> None:
        self.known_workers.changed_online = False
        self.known_queues.need(self.known_workers.consumers(), now)

    def _group_of(self, worker: str) -> str | None:
        known = self.known_workers.get(worker)
        return None if known is None else known.group

    def _queue_of(self, worker: str) -> str | None:
        known = self.known_workers.get(worker)
        queues = None if known is None else known.queues
        return queues[0] if queues is not None and len(queues) == 1 else None
