"""Workers, queues and schedule as the API shows them. None always means unknown, never zero.

Times are Unix time in seconds of the monitor's clock, durations are seconds, rates are per second.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from celery_monitor.live.resource import ResourceView


class OfflineReason(StrEnum):
    """Why a worker is offline."""

    SHUT_DOWN = "shut down"
    """The worker sent worker-offline."""
    NO_HEARTBEAT = "no heartbeat"
    """No heartbeat came within twice the interval that the worker itself named."""


class WorkerView(msgspec.Struct, frozen=True, kw_only=True):
    """One worker.

    ``since``: when the process of the worker started, or else came online; if it is offline, when it was last
    seen. ``heartbeat_interval``: as the worker names it. ``group``: its worker group in a cluster. ``slots``:
    tasks that its pool runs at one time. ``queues`` None until the worker has answered remote control.
    ``active``, ``processed`` and ``load`` (over one minute) come from the heartbeat; ``processed`` counts
    since the start of the worker. ``missed``: starts and ends of runs that the monitor has no event of.
    ``clock_skew``: seconds that the clock of the worker is ahead. ``task_events``: whether the worker sends
    task events. ``verdict``: what is wrong with the worker, as a sentence: what the operator says, or that
    another process has its name. ``memory`` in bytes.
    """

    name: str
    online: bool
    since: float | None = None
    offline_reason: OfflineReason | None = None
    last_heartbeat: float | None = None
    heartbeat_interval: float | None = None
    group: str | None = None
    pid: int | None = None
    version: str | None = None
    pool: str | None = None
    slots: int | None = None
    prefetch: int | None = None
    queues: tuple[str, ...] | None = None
    tasks: tuple[str, ...] | None = None
    active: int | None = None
    reserved: int | None = None
    eta: int | None = None
    processed: int | None = None
    load: float | None = None
    memory: int | None = None
    missed: int = 0
    clock_skew: float = 0.0
    task_events: bool | None = None
    verdict: str | None = None


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """One queue at its last reading. ``at``: when it was read, None if that has not succeeded yet.

    ``ready`` counts all priorities, ``by_priority`` separates them where the broker does. ``workers``: names
    of the online workers that consume the queue. ``in_rate``: messages that arrive, ``out_rate``: messages
    that workers fetch. ``oldest_wait``: how long the oldest ready message waits; known only if its sender
    sends task-sent events, or stamps its messages.
    """

    name: str
    at: float | None = None
    ready: int | None = None
    by_priority: Mapping[int, int] = {}
    unacknowledged: int | None = None
    consumers: int | None = None
    workers: tuple[str, ...] = ()
    in_rate: float | None = None
    out_rate: float | None = None
    oldest_wait: float | None = None


class ScheduleSource(StrEnum):
    """Where an entry of the schedule is read from."""

    APPLICATION = "beat_schedule"
    """The application's own configuration, of ``-A``."""
    REDBEAT = "redbeat"
    """The keys of celery-redbeat in Redis."""
    DJANGO = "django-celery-beat"
    """The tables of django-celery-beat."""


class ScheduleEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One periodic task.

    ``schedule`` is the schedule in words, such as ``every 30 s`` or ``cron 0 4 * * *``. ``last_run``: when
    beat last sent the task; ``missed``: how many times since then it has not, although the time came.
    """

    name: str
    task: str
    schedule: str
    source: ScheduleSource
    enabled: bool = True
    queue: str | None = None
    last_run: float | None = None
    next_run: float | None = None
    missed: int | None = None
    runs: int | None = None


class ScheduleView(msgspec.Struct, frozen=True, kw_only=True):
    """The schedule. ``unknown``: one sentence that says what is not known, and what would help."""

    entries: tuple[ScheduleEntry, ...] = ()
    unknown: str | None = None


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """The sums over all workers and queues.

    A sum is None if one of its parts is unknown. ``not_shown_workers`` and ``not_shown_queues``: how many
    exist beyond the number that the monitor keeps. ``without_task_events``: workers that send no task
    events. ``last_event``: when the last event of any worker was received. ``broker``: one sentence about
    the last reading of the broker. ``broker_read``: when the broker could last be read; numbers of queues and
    workers are as old as that.
    """

    workers_online: int
    workers_offline: int
    slots: int | None = None
    active: int | None = None
    ready: int | None = None
    unacknowledged: int | None = None
    in_rate: float | None = None
    out_rate: float | None = None
    not_shown_workers: int = 0
    not_shown_queues: int = 0
    without_task_events: tuple[str, ...] = ()
    last_event: float | None = None
    broker: str | None = None
    broker_reachable: bool | None = None
    broker_read: float | None = None


class LiveViews(Protocol):
    """What the web reads. Every method answers at once, from memory."""

    def workers(self) -> Sequence[WorkerView]:
        """All workers, by name."""

    def worker(self, name: str) -> WorkerView | None:
        """One worker, None if it was never seen."""

    def queues(self) -> Sequence[QueueView]:
        """All queues, by name."""

    def queue(self, name: str) -> QueueView | None:
        """One queue, None if it is not known."""

    def schedule(self) -> ScheduleView:
        """The periodic tasks of beat."""

    def stats(self) -> Stats:
        """The sums."""

    def resource(self) -> ResourceView | None:
        """What the operator last pushed, None before the first push and outside a cluster."""
