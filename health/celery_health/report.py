"""The report that the agent writes from inside a Celery worker, as its readers see it.

The agent (which may import nothing of ours) writes the JSON; every reader parses it here. Times that
end in ``_mono`` are seconds of CLOCK_MONOTONIC, which all containers of a pod share.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeVar

REPORT_VERSION = 1


class LoopWait(StrEnum):
    """What a main loop that does not turn waits for, as far as its stack tells."""

    UNKNOWN = ""
    SLOT = "slot"
    TASK = "task"
    BROKER = "broker"
    CONNECTION = "connection"
    """A new connection to the broker, which the kernel tries to make for some two minutes."""


class ReportError(ValueError):
    """The text is not a report of a version that we read."""


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
    ETA tasks add.
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
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False)


def parse_report(text: str | bytes) -> WorkerReport:
    """Read the text of a report file.

    Raises:
        ReportError: it is no JSON, or no report of a version that we read.
    """
    return report_from(parse_document(text))


def parse_document(text: str | bytes) -> dict[str, Any]:
    """The JSON object of a report file, unread: what ``report_from`` takes.

    Raises:
        ReportError: it is no JSON object.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReportError(f"The report is no JSON: {error}.") from error
    if not isinstance(document, dict):
        raise ReportError(f"The report is a JSON {type(document).__name__}, not an object.")
    return document


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
        agent_version=_text(document, "agent_version"),
        pid=_count(document, "pid"),
        hostname=_text(document, "hostname"),
        celery_version=_text(document, "celery_version"),
        kombu_version=_text(document, "kombu_version"),
        phase=_phase(document),
        written_mono=_number(document, "written_mono"),
        loop_mono=_optional(_number, document, "loop_mono"),
        consumer_starts=_count(document, "consumer_starts"),
        consuming=_optional(_flag, document, "consuming"),
        queues=tuple(_each(document, "queues", str)),
        pool_kind=_text(document, "pool_kind"),
        pool_size=_count(document, "pool_size"),
        pool_pids=tuple(_each(document, "pool_pids", int)),
        active=tuple(_active_task(task) for task in _each(document, "active", dict)),
        active_count=_count(document, "active_count"),
        reserved=_count(document, "reserved"),
        eta_held=_count(document, "eta_held"),
        processed=_count(document, "processed"),
        prefetch=_optional(_count, document, "prefetch"),
        memory_bytes=_optional(_count, document, "memory_bytes"),
        children_memory_bytes=_optional(_count, document, "children_memory_bytes"),
        transport=_transport(_value(document, "transport", dict)),
        error_count=_count(document, "error_count") if "error_count" in document else 0,
        last_error=_text(document, "last_error") if "last_error" in document else "",
        loop_waits_for=_loop_wait(document.get("loop_waits_for")),
        loop_due_mono=_optional(_number, document, "loop_due_mono"),
        written_at=_optional(_number, document, "written_at"),
        fetched_mono=_optional(_number, document, "fetched_mono"),
        answered_mono=_optional(_number, document, "answered_mono"),
        progress_mono=_optional(_number, document, "progress_mono"),
        pool_births=_count(document, "pool_births") if "pool_births" in document else 0,
        pool_alive_mono=_optional(_number, document, "pool_alive_mono"),
        initial_prefetch=_optional(_count, document, "initial_prefetch"),
        extra={key: value for key, value in document.items() if key not in _KNOWN},
    )


def _loop_wait(value: object) -> LoopWait:
    """A word that this release does not know says as much as none."""
    return next((wait for wait in LoopWait if wait == value), LoopWait.UNKNOWN)


_KNOWN = {entry.name for entry in fields(WorkerReport)} | {"version"}


T = TypeVar("T")


def _value(document: Mapping[str, Any], name: str, wanted: type[T]) -> T:
    value = document.get(name)
    if _is(value, wanted):
        return value  # type: ignore[return-value]
    found = f"a {type(value).__name__}" if name in document else "missing"
    raise ReportError(f"In the report {name!r} is {found}, not a {wanted.__name__}.")


def _is(value: object, wanted: type) -> bool:
    # JSON's true is no number, though Python's is an int.
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))


def _each(document: Mapping[str, Any], name: str, wanted: type[T]) -> list[T]:
    values = _value(document, name, list)
    if all(_is(value, wanted) for value in values):
        return values
    raise ReportError(f"In the report {name!r} is a list with something else than {wanted.__name__}.")


def _optional(
    read: Callable[[Mapping[str, Any], str], T], document: Mapping[str, Any], name: str
) -> T | None:
    return None if document.get(name) is None else read(document, name)


def _text(document: Mapping[str, Any], name: str) -> str:
    return _value(document, name, str)


def _flag(document: Mapping[str, Any], name: str) -> bool:
    return _value(document, name, bool)


def _count(document: Mapping[str, Any], name: str) -> int:
    value = _value(document, name, int)
    if value < 0:
        raise ReportError(f"In the report {name!r} is {value}, below 0.")
    return value


def _number(document: Mapping[str, Any], name: str) -> float:
    value = document.get(name)
    # A NaN would compare as neither fresh nor stale.
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise ReportError(f"In the report {name!r} is no finite number.")


def _phase(document: Mapping[str, Any]) -> Phase:
    name = _text(document, "phase")
    try:
        return Phase(name)
    except ValueError:
        raise ReportError(f"In the report 'phase' is {name!r}, not one of {', '.join(Phase)}.") from None


def _active_task(document: Mapping[str, Any]) -> ActiveTask:
    return ActiveTask(
        id=_text(document, "id"),
        name=_text(document, "name"),
        started_at=_optional(_number, document, "started_at"),
        limit=_optional(_number, document, "limit"),
    )


def _transport(document: Mapping[str, Any]) -> TransportEvidence:
    steps = document.get("priority_steps")
    return TransportEvidence(
        kind=_text(document, "kind"),
        poller=_optional(_flag, document, "poller"),
        polling=_optional(_flag, document, "polling"),
        can_consume=_optional(_flag, document, "can_consume"),
        consumer_tags=_optional(_count, document, "consumer_tags"),
        priority_steps=None if steps is None else tuple(_each(document, "priority_steps", int)),
        separator=_optional(_text, document, "separator"),
        key_prefix=_optional(_text, document, "key_prefix"),
        visibility_timeout=_optional(_number, document, "visibility_timeout"),
        pop_timeout=_optional(_number, document, "pop_timeout"),
    )
