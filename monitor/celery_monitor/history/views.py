"""What the history answers with."""

import enum
from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec

from celery_monitor.records.requests import RequestedCancel
from celery_monitor.records.tasks import TaskRecord

Item = TypeVar("Item")


class SortKey(enum.StrEnum):
    """What a list of tasks can be sorted by. ``TIME``: when the task was sent or first seen."""

    TIME = "time"
    RUNTIME = "runtime"
    WAIT = "wait"
    NAME = "name"
    STATE = "state"
    WORKER = "worker"
    QUEUE = "queue"


class Sort(msgspec.Struct, frozen=True):
    """An order of tasks. Tasks without a value come last; equal values are ordered newest first."""

    key: SortKey = SortKey.TIME
    descending: bool = True

    def __str__(self) -> str:
        return ("-" if self.descending else "") + self.key.value


def parse_sort(text: str) -> Sort:
    """The order that ``time``, ``-runtime`` and so on name; ``-`` is descending. Raises ValueError."""
    name = text.removeprefix("-")
    if name not in list(SortKey):
        keys = ", ".join(SortKey)
        raise ValueError(
            f"'{text[:40]}' is not an order: write one of {keys}, with - before it for descending"
        )
    return Sort(SortKey(name), text.startswith("-"))


class Window(msgspec.Struct, frozen=True):
    """The time from ``since`` until before ``until``, in Unix time."""

    since: float
    until: float


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """A part of a list. ``next_cursor`` gives the next part; None at the end of the list."""

    items: Sequence[Item]
    next_cursor: str | None


class Count(msgspec.Struct, frozen=True):
    """How many tasks there are. Not ``exact``: there are more than ``number``."""

    number: int
    exact: bool


class Percentiles(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds, from a histogram whose buckets are 9 % wide. None without a value."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of runs by outcome, and of tasks that arrived.

    ``other``: outcomes of custom states. A task that was revoked or rejected without a run counts as well.
    """

    received: int = 0
    succeeded: int = 0
    failed: int = 0
    retried: int = 0
    revoked: int = 0
    rejected: int = 0
    lost: int = 0
    other: int = 0

    @property
    def finished(self) -> int:
        """All that ended."""
        return (
            self.succeeded
            + self.failed
            + self.retried
            + self.revoked
            + self.rejected
            + self.lost
            + self.other
        )

    @property
    def failure_rate(self) -> float | None:
        """Failed and lost runs as a part of those that succeeded, failed or were lost. None without one."""
        decided = self.succeeded + self.failed + self.lost
        return (self.failed + self.lost) / decided if decided else None


class NameView(msgspec.Struct, frozen=True, kw_only=True):
    """One task name in a window. ``trend``: finished runs in equal parts of the window, oldest first.

    ``rate``: finished runs a second. ``previous``: the outcomes of the window of equal length before.
    """

    name: str
    outcomes: Outcomes
    previous: Outcomes
    rate: float
    runtime: Percentiles
    wait: Percentiles
    trend: Sequence[int]


class FailureView(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks of a window with the same type of error, raised at the same line.

    ``error`` is empty and ``place`` None where they are unknown. ``tasks`` = ``open`` (failed or lost) +
    ``retrying`` + ``recovered`` (succeeded since, or sent again with success). ``latest`` is the id of the
    latest one. ``first_seen`` and ``last_seen``: when tasks failed; of many tasks those are compared that
    were sent first, or last.
    """

    error: str
    place: str | None
    tasks: int
    open: int
    retrying: int
    recovered: int
    first_seen: float
    last_seen: float
    names: Sequence[str]
    latest: str
    message: str | None


class FailingWorker(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks of a window with one error, whose last run was on one worker. ``name`` None: it is unknown.

    ``first`` and ``last``: when the first and the last of them failed.
    """

    name: str | None
    tasks: int
    first: float
    last: float


class OnsetView(msgspec.Struct, frozen=True, kw_only=True):
    """Since when tasks fail with one error at one line.

    ``first``: when the first one in the whole history failed; ``history_since``: when any task was sent, or
    first seen. ``tasks`` in the window, ``before`` in the window of the same length before it. ``trend``: by
    when they failed, in equal steps of the window, oldest first. ``workers``: those with the most tasks, of
    ``worker_count``.
    """

    history_since: float
    first: float
    tasks: int
    before: int
    trend: Sequence[int]
    workers: Sequence[FailingWorker]
    worker_count: int


class OverviewView(msgspec.Struct, frozen=True, kw_only=True):
    """The window in numbers. ``states``: tasks of the whole history by state; ``tasks``: their sum."""

    window: Window
    outcomes: Outcomes
    previous: Outcomes
    rate: float
    runtime: Percentiles
    wait: Percentiles
    states: dict[str, int]
    tasks: int


class SeriesPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a series: from ``at``, ``seconds`` long."""

    at: float
    seconds: float
    outcomes: Outcomes
    runtime: Percentiles
    wait: Percentiles


class RelatedTasks(msgspec.Struct, frozen=True, kw_only=True):
    """The neighbours of a task in its workflow, without runs and tracebacks. ``complete``: no more exist.

    ``workflow``: all tasks with the same root, oldest first, the task itself included.
    """

    root: TaskRecord | None
    parent: TaskRecord | None
    children: Sequence[TaskRecord]
    workflow: Sequence[TaskRecord]
    complete: bool


class TaskView(msgspec.Struct, frozen=True, kw_only=True):
    """One task with all that the history knows of it. ``task`` is None if no event of it has come.

    ``retry_of``: the task that it is a retry of. ``retried_as``: its own retries, oldest first.
    """

    task: TaskRecord | None
    related: RelatedTasks | None = None
    cancel: RequestedCancel | None = None
    retry_of: str | None = None
    retried_as: Sequence[str] = ()


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was changed, or that was refused. ``detail`` is a short text without secrets."""

    at: float
    identity: str
    role: str
    action: str
    subject: str = ""
    outcome: str = "done"
    address: str = ""
    detail: str = ""


class HistoryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How writing goes. ``buffered`` tasks wait to be written, the oldest for ``lag_seconds``.

    ``dropped``: changes that were lost because the buffer was full. ``faulty``: records that the database
    refused. ``problem``: why the database is not available, as a sentence; None while all is well. ``notes``:
    sentences about what works worse than it could, and what to do.
    """

    available: bool
    buffered: int
    dropped: int
    faulty: int
    lag_seconds: float
    last_write: float | None
    problem: str | None = None
    notes: tuple[str, ...] = ()
