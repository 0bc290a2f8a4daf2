"""Numbers of the history: task names, failures, a window of time."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from celery_monitor.history.filters.completion import MOST_COMPLETIONS
from celery_monitor.web.models.base import Document, Query
from celery_monitor.web.models.live import Stats
from celery_monitor.web.models.tasks import TaskFilterQuery, Text

_TIME = "Unix time in seconds."


class _View(Document):
    model_config = ConfigDict(from_attributes=True)


class WindowQuery(Query):
    """A window of time."""

    since: Text = Field(default="1h", description="Its begin: `2h` before its end, or `2026-11-29T10:00Z`.")
    until: Text | None = Field(default=None, description="Its end; now if it is left out.")


class ListQuery(WindowQuery):
    """A window of time, and how much of it is listed."""

    limit: int = Field(default=200, ge=1, le=1000, description="At most this number.")


class SeriesQuery(WindowQuery):
    """A window of time in equal steps, of all tasks or of one name, queue or worker."""

    name: Text | None = Field(default=None, description="Only tasks of this name.")
    queue: Text | None = Field(default=None, description="Only tasks of this queue.")
    worker: Text | None = Field(default=None, description="Only tasks of this worker.")
    points: int = Field(default=60, ge=1, le=1000, description="The number of steps.")


class SamplesQuery(WindowQuery):
    """A window of time, in samples."""

    points: int = Field(default=60, ge=1, le=1000, description="About this number of samples.")


class ExportQuery(TaskFilterQuery):
    """The tasks to export, and how."""

    format: Literal["csv", "ndjson"] = Field(default="csv", description="`csv` or `ndjson`.")
    sort: Text = Field(default="-time", description="As in the list of tasks.")


class Percentiles(_View):
    """Seconds. Null without a value."""

    p50: float | None = Field(description="The median.")
    p95: float | None = Field(description="95 of 100 are below.")
    p99: float | None = Field(description="99 of 100 are below.")


class Outcomes(_View):
    """Numbers of runs by outcome."""

    received: int = Field(description="Tasks that arrived.")
    succeeded: int = Field(description="Runs that succeeded.")
    failed: int = Field(description="Runs that failed.")
    retried: int = Field(description="Runs that ended with a retry.")
    revoked: int = Field(description="Tasks that were revoked.")
    rejected: int = Field(description="Tasks that were rejected.")
    lost: int = Field(description="Runs that were lost with their worker.")
    other: int = Field(description="Runs that ended in a custom state.")
    finished: int = Field(description="The sum of all that ended.")
    failure_rate: float | None = Field(description="Failed and lost runs as a part of all decided ones.")


class TaskName(_View):
    """One task name in a window."""

    name: str = Field(description="The name of the task.")
    outcomes: Outcomes = Field(description="In the window.")
    previous: Outcomes = Field(description="In the window of the same length before.")
    rate: float = Field(description="Finished runs per second.")
    runtime: Percentiles = Field(description="Seconds that runs took.")
    wait: Percentiles = Field(description="Seconds that tasks waited.")
    trend: list[int] = Field(description="Finished runs in equal parts of the window, oldest first.")


class Window(_View):
    """From `since` until before `until`."""

    since: float = Field(description=_TIME)
    until: float = Field(description=_TIME)


class TaskNames(Document):
    """All task names of a window."""

    window: Window = Field(description="The window.")
    names: list[TaskName] = Field(description="Those with the most finished runs first.")


class FailureGroup(_View):
    """Tasks with the same type of error, raised at the same line."""

    error: str = Field(description="The type of the error; empty if it is unknown.")
    place: str | None = Field(description="The line that raised it.")
    tasks: int = Field(description="Tasks that failed with this error at this line.")
    open: int = Field(
        description="Of these: failed or lost, and neither succeeded nor retried with success since."
    )
    retrying: int = Field(description="Of these: to be retried.")
    recovered: int = Field(description="Of these: succeeded since, or retried with success.")
    first_seen: float = Field(description="When the first of them failed. " + _TIME)
    last_seen: float = Field(description="When the last of them failed. " + _TIME)
    names: list[str] = Field(description="The names of the tasks.")
    latest: str = Field(description="The id of the latest one.")
    message: str | None = Field(description="The latest error.")


class Failures(Document):
    """The failures of a window in groups."""

    window: Window = Field(description="The window.")
    failures: list[FailureGroup] = Field(description="The latest ones first.")


class OnsetQuery(WindowQuery):
    """A group of failures in a window of time."""

    error: Text = Field(default="", description="The type of the error; empty if it is unknown.")
    place: Text | None = Field(default=None, description="The line that raised it.")


class FailingWorker(_View):
    """Failures of one worker."""

    name: str | None = Field(description="The worker of the last run; null if it is unknown.")
    tasks: int = Field(description="Tasks that failed there.")
    first: float = Field(description="When the first of them failed. " + _TIME)
    last: float = Field(description="When the last of them failed. " + _TIME)


class Onset(_View):
    """Since when tasks fail with one error at one line, and on which workers."""

    window: Window = Field(description="The window.")
    history_since: float = Field(description="Before this time the history has no tasks. " + _TIME)
    first: float = Field(description="When the first of these tasks in the whole history failed. " + _TIME)
    tasks: int = Field(description="Tasks in the window.")
    before: int = Field(description="Tasks in the window of the same length before.")
    trend: list[int] = Field(
        description="Tasks by when they failed, in equal steps of the window, oldest first."
    )
    workers: list[FailingWorker] = Field(description="The workers with the most failures first, at most 200.")
    worker_count: int = Field(description="How many workers there are.")


class SeriesPoint(_View):
    """One step of a series."""

    at: float = Field(description="Its start. " + _TIME)
    seconds: float = Field(description="Its length.")
    outcomes: Outcomes = Field(description="In the step.")
    runtime: Percentiles = Field(description="Seconds that runs took.")
    wait: Percentiles = Field(description="Seconds that tasks waited.")


class Series(Document):
    """A window of time in equal steps."""

    window: Window = Field(description="The window.")
    points: list[SeriesPoint] = Field(description="Oldest first.")


class QueueSample(_View):
    """A queue at one moment."""

    at: float = Field(description=_TIME)
    name: str = Field(description="The queue.")
    ready: int | None = Field(description="Messages that wait.")
    unacknowledged: int | None = Field(description="Messages that workers have fetched and not acknowledged.")
    consumers: int | None = Field(description="Consumers, as the broker counts them.")
    by_priority: dict[int, int] = Field(description="Ready messages of each priority.")
    oldest_wait: float | None = Field(description="Seconds that the oldest ready message has waited.")


class QueueSamples(Document):
    """A queue over time."""

    window: Window = Field(description="The window.")
    samples: list[QueueSample] = Field(description="Oldest first.")


class WorkerSample(_View):
    """A worker at one moment."""

    at: float = Field(description=_TIME)
    name: str = Field(description="The worker.")
    online: bool = Field(description="Whether it sent heartbeats.")
    active: int | None = Field(description="Tasks that it was running.")
    processed: int | None = Field(description="Tasks that it had begun since its start.")
    missed: int = Field(description="Of these, how many the monitor has no event of.")
    load: float | None = Field(description="The load of its machine.")
    clock_skew: float = Field(description="Seconds that its clock was ahead of the monitor's.")


class WorkerSamples(Document):
    """A worker over time."""

    window: Window = Field(description="The window.")
    samples: list[WorkerSample] = Field(description="Oldest first.")


class Overview(_View):
    """A window in numbers."""

    window: Window = Field(description="The window.")
    outcomes: Outcomes = Field(description="In the window.")
    previous: Outcomes = Field(description="In the window of the same length before.")
    rate: float = Field(description="Finished runs per second.")
    runtime: Percentiles = Field(description="Seconds that runs took.")
    wait: Percentiles = Field(description="Seconds that tasks waited.")
    states: dict[str, int] = Field(description="Tasks of the whole history by state.")
    tasks: int = Field(description="Tasks of the whole history.")


class HistoryStatus(_View):
    """How well the monitor writes its history."""

    available: bool = Field(description="Whether the database takes what the monitor writes.")
    buffered: int = Field(description="Tasks that wait in memory to be written.")
    dropped: int = Field(description="Changes that were lost, because the buffer was full.")
    faulty: int = Field(description="Records that the database refused.")
    lag_seconds: float = Field(description="How long the oldest one has waited.")
    last_write: float | None = Field(description="When something was last written. " + _TIME)


class SystemStats(Document):
    """The system in numbers."""

    now: Stats = Field(description="Sums over all workers and queues.")
    tasks: Overview | None = Field(description="The window in numbers; null while the history is away.")
    history: HistoryStatus = Field(description="How well the monitor writes its history.")


class AuditEntry(_View):
    """Something that was changed, or that was refused."""

    at: float = Field(description=_TIME)
    identity: str = Field(description="Who asked for it.")
    role: str = Field(description="The role of the identity.")
    action: str = Field(description="The name of the operation.")
    subject: str = Field(description="The task, worker or queue.")
    outcome: str = Field(
        description="`done`, `dry run` (nothing was changed), or why the request was refused."
    )
    address: str = Field(description="The address of the client.")
    detail: str = Field(description="More about it.")


class Audit(Document):
    """Entries of the audit."""

    window: Window = Field(description="The window.")
    entries: list[AuditEntry] = Field(description="Newest first.")


class CompletionsQuery(Query):
    """The filter that is being written."""

    q: Annotated[str, Field(max_length=1000)] = Field(default="", description="The text so far.")


class Completion(Document):
    """One way to complete the filter."""

    model_config = ConfigDict(from_attributes=True)

    term: str = Field(description="What the last term can become.")
    text: str = Field(description="The whole filter with it. A space follows a term with a value.")


class Completions(Document):
    """What the last term can become."""

    completions: list[Completion] = Field(description=f"Best first, at most {MOST_COMPLETIONS}.")
