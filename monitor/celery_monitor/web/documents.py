"""Makes the documents that REST and the WebSocket share."""

from collections.abc import Callable

from celery_monitor.control.rules import cancel_refusal, retry_refusal
from celery_monitor.history import History, HistoryUnavailableError, TaskView, Window
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
    try:
        view = await history.detail(identity)
    except HistoryUnavailableError:
        recent = recent_task(identity)
        if recent is None:
            raise
        view = TaskView(task=recent)
    if view.task is None and view.cancel is None and view.retry_of is None:
        return None
    record = view.task or TaskRecord(id=identity)
    fields = Task.model_validate(record).model_dump()
    return TaskDetail(
        **fields,
        traceback=record.traceback,
        runs=[Run.model_validate(run) for run in record.runs],
        related=Workflow.model_validate(view.related) if view.related is not None else None,
        cancel=Cancel.of(view.cancel) if view.cancel is not None else None,
        retry_of=view.retry_of,
        retried_as=list(view.retried_as),
        may_cancel=cancel_refusal(record) is None,
        may_retry=retry_refusal(record) is None,
    )
