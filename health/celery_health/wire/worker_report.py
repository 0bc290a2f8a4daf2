"""The report that the agent writes from inside a Celery worker."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from celery_health.wire.bounds import ACTIVE_LENGTH, REPORT_BYTES, Count, Counts, Name, Names, Seconds
from celery_health.wire.deaths import DeathsById, DeathsByName, EndingTask
from celery_health.wire.documents import Format
from celery_health.wire.process_report import ProcessReport


class LoopWait(StrEnum):
    """What a main loop that does not turn waits for, as far as its stack shows."""

    UNKNOWN = ""
    SLOT = "slot"
    TASK = "task"
    BROKER = "broker"
    CONNECTION = "connection"
    """A new connection to the broker. The kernel tries for about two minutes."""

    @classmethod
    def _missing_(cls, _word: object) -> "LoopWait":
        """A word of a later agent says as much as no word."""
        return cls.UNKNOWN


class Phase(StrEnum):
    """The stage of the worker's life."""

    STARTING = "starting"
    CONNECTING = "connecting"
    CONSUMING = "consuming"
    DRAINING = "draining"
    STOPPING = "stopping"


class ActiveTask(msgspec.Struct, frozen=True):
    """A task that a slot is running.

    ``started_at`` is Unix time in seconds; ``limit`` its hard time limit in seconds, else its soft one.
    ``queue`` is empty where it is not known.
    """

    id: Name
    name: Name
    started_at: Seconds | None = None
    limit: Seconds | None = None
    queue: Name = ""


class TransportEvidence(msgspec.Struct, frozen=True):
    """What the kombu transport shows of itself. None means that this transport does not show it.

    ``poller``: the event loop still calls the transport's poll hook. ``polling``: a blocking pop is
    outstanding. ``can_consume``: the prefetch limit leaves room for a message. ``consumer_tags``: AMQP
    consumers that the broker confirmed. ``priority_steps``, ``separator`` and ``key_prefix`` say how the
    Redis transport names its lists. ``visibility_timeout``: seconds after which an unacknowledged message is
    delivered again. ``pop_timeout``: seconds after which Redis answers a blocking pop at the latest.
    """

    kind: Name
    poller: bool | None = None
    polling: bool | None = None
    can_consume: bool | None = None
    consumer_tags: Count | None = None
    priority_steps: Counts | None = None
    separator: Name | None = None
    key_prefix: Name | None = None
    visibility_timeout: Seconds | None = None
    pop_timeout: Seconds | None = None


class WorkerReport(ProcessReport, frozen=True, kw_only=True):
    """One report of one worker process; counts are tasks, memory is bytes.

    ``loop_mono`` is the last turn of the main loop. ``loop_due_mono`` is set from the moment at which a
    connected consumer hands over to the loop until the loop's first turn. ``fetched_mono`` is the last moment
    at which the transport was seen to fetch, ``answered_mono`` the last at which an answer of the broker was
    seen or none was due. ``progress_mono`` is the last at which a task began or ended (the consumer's first
    start before that). ``pool_births`` counts the children that the pool has started since ``progress_mono``
    or since one of them last survived a while; ``pool_alive_mono`` is the last moment at which one lived.
    ``initial_prefetch`` is the prefetch limit without what ETA tasks add. ``eta`` counts the ETA tasks, and
    ``eta_due`` those of them that are due. ``active`` shows the first of ``active_count`` tasks.

    ``started_mono`` is when the process started to report. ``children_lost`` counts the deaths of pool
    children within ``DEATH_WINDOW_SECONDS``, ``children_lost_idle`` those of them that ran no task, with
    the cause of the last as in ``TaskDeaths``, and ``tasks_lost`` the tasks whose child died and whose
    message does not go back. The two totals count from the start of the process; they are None where the
    agent does not see such deaths: in pools without children.
    ``quarantined_total`` counts the messages that this process has moved to a dead-letter queue, and
    ``quarantine_waiting`` those that it has received and is still to move. ``quarantine_problem`` says in a
    sentence why it could not move them; it is empty before the first attempt, and after one that succeeded.
    ``task_events``: whether the worker sends task events, None before it has connected. ``ended_by`` is the
    task because of which Celery ends this process.
    ``memory_limit_bytes``, ``memory_peak_bytes``, ``oom_kills`` (processes that the kernel killed at the
    limit), ``memory_used_bytes`` and ``cpu_seconds`` (since its start) are of the container, None where they
    cannot be read. ``memory_used_bytes`` is without the page cache, which ``memory_peak_bytes`` includes;
    ``memory_high_bytes`` is the highest that was read of it within the last 5 to 10 minutes.
    """

    role: Literal["worker"]
    hostname: Name
    phase: Phase
    loop_mono: Seconds | None = None
    loop_due_mono: Seconds | None = None
    loop_waits_for: LoopWait = LoopWait.UNKNOWN
    consumer_starts: Count
    consuming: bool | None = None
    queues: Names
    fetched_mono: Seconds | None = None
    answered_mono: Seconds | None = None
    prefetch: Count | None = None
    initial_prefetch: Count | None = None
    transport: TransportEvidence
    pool_kind: Name
    pool_size: Count
    pool_pids: Counts
    pool_births: Count = 0
    pool_alive_mono: Seconds | None = None
    children_memory_bytes: Count | None = None
    active: Annotated[tuple[ActiveTask, ...], Meta(max_length=ACTIVE_LENGTH)]
    active_count: Count
    reserved: Count
    eta: Count
    eta_due: Count = 0
    processed: Count
    progress_mono: Seconds | None = None
    started_mono: Seconds | None = None
    deaths: DeathsById = ()
    deaths_by_name: DeathsByName = ()
    children_lost: Count = 0
    children_lost_idle: Count = 0
    children_lost_idle_cause: Name = ""
    children_lost_idle_oom: bool = False
    children_lost_total: Count | None = None
    tasks_lost: Count = 0
    tasks_lost_total: Count | None = None
    quarantined_total: Count = 0
    quarantine_waiting: Count = 0
    quarantine_problem: Name = ""
    task_events: bool | None = None
    ended_by: EndingTask | None = None
    memory_limit_bytes: Count | None = None
    memory_peak_bytes: Count | None = None
    oom_kills: Count | None = None
    memory_used_bytes: Count | None = None
    memory_high_bytes: Count | None = None
    cpu_seconds: Seconds | None = None

    @property
    def in_flight(self) -> int:
        """Tasks that the worker has fetched and not finished."""
        return self.active_count + self.reserved + self.eta


WORKER_REPORT = Format("worker report", WorkerReport, REPORT_BYTES)
