"""One worker: what its events, its answers to remote control and the operator say of it."""

from celery_health.catalogue.workers import WorkerReason
from celery_health.wire.resource_push import PushedWorker
from celery_monitor.events.event import HEARTBEAT, OFFLINE, WorkerEvent
from celery_monitor.events.workers import WorkerTrack
from celery_monitor.live.inspection import Inspected
from celery_monitor.live.views import OfflineReason, WorkerView
from celery_monitor.records.samples import WorkerSample

DEFAULT_INTERVAL_SECONDS = 2.0
"""Celery's own interval of heartbeats, for a worker that has named none yet."""
WITHOUT_HEARTBEAT_SECONDS = 180.0
"""How long a worker that sends no heartbeats counts as online after it was last heard of."""
_MAX_INTERVAL_SECONDS = 3600.0
_SHARED_SECONDS = 60.0
"""How long a worker's name counts as shared after both of its processes were heard of."""
_UPTIME_MARGIN_SECONDS = 2.0
"""Celery rounds the uptime to seconds. An answer that took long makes a process appear younger."""
_AS_IT_SHOULD = frozenset({WorkerReason.CONSUMING.value, WorkerReason.BUSY.value})
"""What the operator says of a worker with which nothing is wrong."""
# Celery counts a worker as offline after 200 % of its interval. The margin is for the way through the broker.
_INTERVALS, _MARGIN_SECONDS = 2.0, 3.0


class Worker:
    """Mutable, and bounded: it keeps the last event, the last answers and the last push only."""

    __slots__ = (
        "active",
        "asked_at",
        "began",
        "former_pid",
        "group",
        "heartbeat_at",
        "inspected",
        "interval",
        "load",
        "lost_marked",
        "name",
        "offline",
        "pid",
        "processed",
        "pushed",
        "seen_at",
        "series_dropped",
        "settled_at",
        "shared_at",
        "since",
        "version",
    )

    def __init__(self, name: str, now: float) -> None:
        self.name = name
        self.since = now
        """Since when the monitor has heard of it without a break, or when it was last seen."""
        self.began: float | None = None
        """When its process started, as far as its uptime shows."""
        self.seen_at = now
        self.heartbeat_at: float | None = None
        self.interval: float | None = None
        self.offline: OfflineReason | None = None
        self.lost_marked = False
        self.series_dropped = False
        self.pid: int | None = None
        self.former_pid: int | None = None
        self.shared_at: float | None = None
        self.version: str | None = None
        self.active: int | None = None
        self.processed: int | None = None
        self.load: float | None = None
        self.asked_at: float | None = None
        self.settled_at = 0.0
        self.inspected = Inspected()
        self.pushed: PushedWorker | None = None
        self.group: str | None = None

    @property
    def online(self) -> bool:
        """Whether it has been heard of within its own interval."""
        return self.offline is None

    def on_event(self, event: WorkerEvent) -> bool:
        """Note an event. True if a process comes online, or another one has taken the name."""
        if event.kind == OFFLINE:
            self._go_offline(OfflineReason.SHUT_DOWN, event.received)
            return False
        begins = not self.online or self._is_other_process(event)
        if begins:
            self.since = event.received
            self.inspected, self.asked_at, self.began = Inspected(), None, None
        if event.pid and event.pid != self.pid:
            self.former_pid = self.pid
        self.offline, self.lost_marked, self.series_dropped = None, False, False
        self.seen_at = event.received
        if event.kind == HEARTBEAT or event.freq is not None:
            self.heartbeat_at = event.received
        if event.freq:
            self.interval = min(event.freq, _MAX_INTERVAL_SECONDS)
        self.pid = event.pid or self.pid
        self.version = event.version or self.version
        self.active, self.processed, self.load = event.active, event.processed, event.load
        return begins

    def on_answer(self, answer: Inspected, now: float) -> None:
        """Note what it answered. Its process may be older than the monitor that hears of it."""
        self.seen(now)
        of_former = answer.pid is not None and answer.pid == self.former_pid
        if self.online and self.pid is not None and answer.pid not in {None, self.pid, self.former_pid}:
            # The answer of a new process may come before its first event.
            self.since, self.began, self.former_pid = now, None, self.pid
        if answer.uptime is not None and not of_former:
            began = now - answer.uptime
            if self.began is None or began < self.began - _UPTIME_MARGIN_SECONDS:
                self.began = began
        self.inspected, self.asked_at = answer, now
        if not of_former:
            self.pid = answer.pid or self.pid

    def on_ping(self, now: float) -> None:
        """It has answered a ping. If its heartbeats have stopped, it lives without them from now on."""
        if self.offline is OfflineReason.NO_HEARTBEAT:
            self.heartbeat_at = None
        self.seen(now)

    def silent_until(self) -> float:
        """When it counts as offline, unless it is heard of before."""
        if self.heartbeat_at is None:
            return self.seen_at + WITHOUT_HEARTBEAT_SECONDS
        return self.seen_at + _INTERVALS * (self.interval or DEFAULT_INTERVAL_SECONDS) + _MARGIN_SECONDS

    def seen(self, at: float) -> None:
        """It was heard of other than by a worker event. A worker that said goodbye stays offline."""
        if at <= self.seen_at or self.offline is OfflineReason.SHUT_DOWN:
            return
        self.seen_at = at
        if self.offline is not None:
            self.offline, self.since = None, at
            self.lost_marked = self.series_dropped = False

    def fall_silent(self) -> None:
        """Its heartbeats have stopped. It was last seen with the last of them."""
        self._go_offline(OfflineReason.NO_HEARTBEAT, self.seen_at)

    @property
    def is_shared(self) -> bool:
        """Whether two processes use its name."""
        return self.shared_at is not None and self.seen_at - self.shared_at <= _SHARED_SECONDS

    def may_be_silent(self) -> bool:
        """Whether it sends no heartbeat while it runs a task, so that silence proves nothing."""
        return self.pool == "solo"

    @property
    def pool(self) -> str | None:
        """The kind of its pool."""
        return self.inspected.pool

    @property
    def slots(self) -> int | None:
        """Tasks that it runs at one time."""
        if self.inspected.slots is None and self.pushed is not None:
            return self.pushed.slots
        return self.inspected.slots

    @property
    def queues(self) -> tuple[str, ...] | None:
        """The queues that it consumes."""
        if self.inspected.queues is None and self.pushed is not None:
            return self.pushed.queues
        return self.inspected.queues

    @property
    def consumes_only_one(self) -> bool:
        """Whether every message that it fetches is of one queue."""
        return self.queues is not None and len(self.queues) == 1

    def view(self, track: WorkerTrack | None) -> WorkerView:
        """As the API shows it. ``track``: what its events say about its process and its clock."""
        pushed = self.pushed
        return WorkerView(
            name=self.name,
            online=self.online,
            since=self.since if self.began is None or not self.online else min(self.since, self.began),
            offline_reason=self.offline,
            last_heartbeat=self.heartbeat_at,
            heartbeat_interval=self.interval,
            group=self.group,
            pid=self.pid,
            version=self.version,
            pool=self.pool,
            slots=self.slots,
            prefetch=self.inspected.prefetch,
            queues=self.queues,
            tasks=self.inspected.tasks,
            active=self.active if pushed is None or self.active is not None else pushed.active_count,
            reserved=None if pushed is None else pushed.reserved,
            eta=None if pushed is None else pushed.eta,
            processed=self.processed,
            load=self.load,
            memory=None if pushed is None else pushed.memory_bytes,
            missed=0 if track is None else track.missed,
            clock_skew=0.0 if track is None else track.clock_skew,
            task_events=self.sends_task_events(track),
            verdict=self._verdict(),
        )

    def sample(self, now: float, track: WorkerTrack | None) -> WorkerSample:
        """For the history."""
        return WorkerSample(
            at=now,
            name=self.name,
            online=self.online,
            active=self.active if self.online else None,
            processed=self.processed if self.online else None,
            missed=0 if track is None else track.missed,
            load=self.load if self.online else None,
            clock_skew=0.0 if track is None else track.clock_skew,
        )

    def _go_offline(self, reason: OfflineReason, at: float) -> None:
        if self.offline is None or reason is OfflineReason.SHUT_DOWN:
            self.offline, self.since = reason, at
        self.active = None

    def _verdict(self) -> str | None:
        if self.pushed is not None and self.pushed.message and self.pushed.reason not in _AS_IT_SHOULD:
            return self.pushed.message
        if not self.is_shared:
            return None
        return "Two worker processes use this name: start each with a name of its own (-n)."

    def _is_other_process(self, event: WorkerEvent) -> bool:
        if self.pid is not None and event.pid and event.pid != self.pid:
            if event.pid != self.former_pid:
                return True
            self.shared_at = event.received  # the process of before lives beside the new one
            return False
        # In a container the new process often has the pid of the old one.
        return event.processed is not None and event.processed < (self.processed or 0)

    def sends_task_events(self, track: WorkerTrack | None) -> bool | None:
        """Whether it sends task events; None until it has run a task."""
        if track is not None and track.sends_task_events:
            return True
        if track is not None and track.silent:
            return False
        return None if self.pushed is None else self.pushed.task_events
