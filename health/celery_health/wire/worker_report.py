"""The report that the agent writes from inside a Celery worker, as its readers see it.

The agent (which may import nothing of ours) writes the JSON; every reader parses it here. Times that
end in ``_mono`` are seconds of CLOCK_MONOTONIC, which all containers of a pod share.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from celery_health.wire import json_fields as read
from celery_health.wire.json_fields import ReportError, parse_document

REPORT_VERSION = 1


class LoopWait(StrEnum):
    """What a main loop that does not turn waits for, as far as its stack tells."""

    UNKNOWN = ""
    SLOT = "slot"
    TASK = "task"
    BROKER = "broker"
    CONNECTION = "connection"
    """A new connection to the broker, which the kernel tries to make for some two minutes."""


class Phase(StrEnum):
    """Where the worker stands in its own life."""

    STARTING = "starting"
    CONNECTING = "connecting"
    CONSUMING = "consuming"
    DRAINING = "draining"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class ActiveTask:
    """A task that a pool slot is working on.

    ``started_at`` is Unix time in seconds; ``limit`` its hard time limit in seconds, else its soft one.
    """

    id: str
    name: str
    started_at: float | None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class TransportEvidence:
    """What the kombu transport shows of itself. None means that this transport cannot tell.

    ``poller``: the event loop still calls the transport's poll hook. ``polling``: a blocking pop is
    outstanding. ``can_consume``: the prefetch limit leaves room for a message. ``consumer_tags``: AMQP
    consumers that the broker confirmed. ``priority_steps``, ``separator`` and ``key_prefix`` say how the
    Redis transport names its lists. ``visibility_timeout``: seconds after which a message that nobody
    acknowledged is handed out again. ``pop_timeout``: seconds after which Redis answers a blocking pop at the
    latest.
    """

    kind: str
    poller: bool | None = None
    polling: bool | None = None
    can_consume: bool | None = None
    consumer_tags: int | None = None
    priority_steps: tuple[int, ...] | None = None
    separator: str | None = None
    key_prefix: str | None = None
    visibility_timeout: float | None = None
    pop_timeout: float | None = None


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """One report of one worker process; counts are tasks, memory is bytes.

    ``loop_mono`` is the last turn of the main loop. ``loop_due_mono`` is set from the moment at which a
    connected consumer hands over to the loop until the loop's first turn. ``fetched_mono`` is the last moment
    at which the transport was seen to fetch, ``answered_mono`` the last at which an answer of the broker was
    seen or none was due. ``progress_mono`` is the last at which a task began or ended (the consumer's first
    start before that). ``pool_births`` counts the children that the pool has started since ``progress_mono``
    or since one of them last survived a while; ``pool_alive_mono`` is the last moment at which one lived.
    ``written_at`` is ``written_mono`` in Unix time. ``initial_prefetch`` is the prefetch limit without what
    ETA tasks add. ``eta_due`` are those of ``eta_held`` whose time comes within half a minute.
    """

    agent_version: str
    pid: int
    hostname: str
    celery_version: str
    kombu_version: str
    phase: Phase
    written_mono: float
    loop_mono: float | None
    consumer_starts: int
    consuming: bool | None
    queues: tuple[str, ...]
    pool_kind: str
    pool_size: int
    pool_pids: tuple[int, ...]
    active: tuple[ActiveTask, ...]
    active_count: int
    reserved: int
    eta_held: int
    processed: int
    prefetch: int | None
    memory_bytes: int | None
    children_memory_bytes: int | None
    transport: TransportEvidence
    error_count: int = 0
    last_error: str = ""
    loop_waits_for: LoopWait = LoopWait.UNKNOWN
    loop_due_mono: float | None = None
    written_at: float | None = None
    fetched_mono: float | None = None
    answered_mono: float | None = None
    progress_mono: float | None = None
    pool_births: int = 0
    pool_alive_mono: float | None = None
    initial_prefetch: int | None = None
    eta_due: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False)


def parse_report(text: str | bytes) -> WorkerReport:
    """Read the text of a report file.

    Raises:
        ReportError: it is no JSON, or no report of a version that we read.
    """
    return report_from(parse_document(text))


def report_from(document: Mapping[str, Any]) -> WorkerReport:
    """Read a report that is already an object. Unknown keys are kept in ``extra``.

    Raises:
        ReportError: a key is missing or has a value of another type, or the version is not ours.
    """
    version = document.get("version")
    if version is True or version != REPORT_VERSION:
        raise ReportError(
            f"The report has version {version!r}, and version {REPORT_VERSION} is read here: "
            "use an agent and a reader of one release."
        )
    return WorkerReport(
        agent_version=read.text(document, "agent_version"),
        pid=read.count(document, "pid"),
        hostname=read.text(document, "hostname"),
        celery_version=read.text(document, "celery_version"),
        kombu_version=read.text(document, "kombu_version"),
        phase=read.member(document, "phase", Phase),
        written_mono=read.number(document, "written_mono"),
        loop_mono=read.optional(read.number, document, "loop_mono"),
        consumer_starts=read.count(document, "consumer_starts"),
        consuming=read.optional(read.flag, document, "consuming"),
        queues=tuple(read.each(document, "queues", str)),
        pool_kind=read.text(document, "pool_kind"),
        pool_size=read.count(document, "pool_size"),
        pool_pids=tuple(read.each(document, "pool_pids", int)),
        active=tuple(_active_task(task) for task in read.each(document, "active", dict)),
        active_count=read.count(document, "active_count"),
        reserved=read.count(document, "reserved"),
        eta_held=read.count(document, "eta_held"),
        processed=read.count(document, "processed"),
        prefetch=read.optional(read.count, document, "prefetch"),
        memory_bytes=read.optional(read.count, document, "memory_bytes"),
        children_memory_bytes=read.optional(read.count, document, "children_memory_bytes"),
        transport=_transport(read.value(document, "transport", dict)),
        error_count=read.count(document, "error_count") if "error_count" in document else 0,
        last_error=read.text(document, "last_error") if "last_error" in document else "",
        loop_waits_for=read.member_or(document, "loop_waits_for", LoopWait, LoopWait.UNKNOWN),
        loop_due_mono=read.optional(read.number, document, "loop_due_mono"),
        written_at=read.optional(read.number, document, "written_at"),
        fetched_mono=read.optional(read.number, document, "fetched_mono"),
        answered_mono=read.optional(read.number, document, "answered_mono"),
        progress_mono=read.optional(read.number, document, "progress_mono"),
        pool_births=read.count(document, "pool_births") if "pool_births" in document else 0,
        pool_alive_mono=read.optional(read.number, document, "pool_alive_mono"),
        initial_prefetch=read.optional(read.count, document, "initial_prefetch"),
        eta_due=read.count(document, "eta_due") if "eta_due" in document else 0,
        extra={key: value for key, value in document.items() if key not in _KNOWN},
    )


_KNOWN = {entry.name for entry in fields(WorkerReport)} | {"version"}


def _active_task(document: Mapping[str, Any]) -> ActiveTask:
    return ActiveTask(
        id=read.text(document, "id"),
        name=read.text(document, "name"),
        started_at=read.optional(read.number, document, "started_at"),
        limit=read.optional(read.number, document, "limit"),
    )


def _transport(document: Mapping[str, Any]) -> TransportEvidence:
    steps = document.get("priority_steps")
    return TransportEvidence(
        kind=read.text(document, "kind"),
        poller=read.optional(read.flag, document, "poller"),
        polling=read.optional(read.flag, document, "polling"),
        can_consume=read.optional(read.flag, document, "can_consume"),
        consumer_tags=read.optional(read.count, document, "consumer_tags"),
        priority_steps=None if steps is None else tuple(read.each(document, "priority_steps", int)),
        separator=read.optional(read.text, document, "separator"),
        key_prefix=read.optional(read.text, document, "key_prefix"),
        visibility_timeout=read.optional(read.number, document, "visibility_timeout"),
        pop_timeout=read.optional(read.number, document, "pop_timeout"),
    )
