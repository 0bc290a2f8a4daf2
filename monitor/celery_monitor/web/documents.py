"""Makes the documents that REST and the WebSocket share."""

from collections.abc import Callable

from celery_monitor.history import History, HistoryUnavailableError, Window
from celery_monitor.live.views import LiveViews
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.web.models.actions import Cancel
from celery_monitor.web.models.history import FailureGroup, HistoryStatus, Overview, SystemStats
from celery_monitor.web.models.live import Stats
from celery_monitor.web.models.tasks import Run, Task, TaskDetail, Workflow


async def system_stats(history: History, live: LiveViews, window: Window) -> SystemStats:
    """What runs now, and a window of the history in numbers."""
    try:
        tasks = Overview.model_validate(await history.overview(window))
    except HistoryUnavailableError:
        tasks = None
    return SystemStats(
        now=Stats.model_validate(live.stats()),
        tasks=tasks,
        history=HistoryStatus.model_validate(history.status()),
    )


async def failure_groups(history: History, window: Window, limit: int) -> list[FailureGroup]:
    """The failures of a window, the latest ones first.

    Raises:
        HistoryUnavailableError: the history cannot be read now.
    """
    return [FailureGroup.model_validate(view) for view in await history.failures(window, limit)]


async def task_detail(
    history: History, recent_task: Callable[[str], TaskRecord | None], identity: str
) -> TaskDetail | None:
    """One task, None if it is unknown. While the database is away, the task as it is in memory.

    Of a task without an event, only that it was cancelled, or that it is a retry, is known.

    Raises:
        HistoryUnavailableError: the history cannot be read now, and the task is not in memory.
    """
    related = cancel = retry_of = None
    retried_as: list[str] = []
    try:
        record = await history.task(identity)
    except HistoryUnavailableError:
        record = recent_task(identity)
        if record is None:
            raise
    try:
        cancel = await history.cancels.of(identity)
        retry_of, retried_as = await history.retries.links(identity)
        found = await history.related(identity)
        related = Workflow.model_validate(found) if found is not None else None
    except HistoryUnavailableError:
        if record is None:
            raise
    if record is None and cancel is None and retry_of is None:
        return None
    record = record or TaskRecord(id=identity)
    fields = Task.model_validate(record).model_dump()
    runs = [Run.model_validate(run) for run in record.runs]
    return TaskDetail(
        **fields,
        traceback=record.traceback,
        runs=runs,
        related=related,
        cancel=Cancel.of(cancel) if cancel is not None else None,
        retry_of=retry_of,
        retried_as=retried_as,
    )
