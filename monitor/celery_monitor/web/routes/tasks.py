"""Tasks: lists, one task, and why a task is not running."""

from celery_monitor.history import CursorError
from celery_monitor.web.documents import task_detail
from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.models.tasks import (
    Explanation,
    Task,
    TaskCount,
    TaskDetail,
    TaskPage,
    TasksQuery,
)
from celery_monitor.web.problems import ProblemError
from celery_monitor.web.routes.filters import filter_of, sort_of
from celery_monitor.web.routes.paths import MONITORING
from celery_monitor.web.routing import Call, Route

_UNKNOWN = (
    "The monitor knows no task with this id. It knows tasks from events: check that the workers send task "
    "events, and that the task is not older than the history keeps."
)


async def list_tasks(call: Call[TasksQuery, NoBody]) -> TaskPage:
    """One page of the tasks that a filter finds."""
    query, history = call.query, call.services.history
    task_filter = filter_of(query)
    try:
        page = await history.tasks(task_filter, sort_of(query.sort), query.cursor, query.limit)
    except CursorError as error:
        raise ProblemError(422, f"{error}.") from None
    return TaskPage(
        tasks=[Task.model_validate(record) for record in page.items],
        next_cursor=page.next_cursor,
        count=TaskCount.model_validate(await history.count(task_filter)) if query.count else None,
    )


async def get_task(call: Call[NoQuery, NoBody]) -> TaskDetail:
    """One task. While the database is away, the task as the monitor has it in memory.

    Of a task without an event, only that it was cancelled, or that it is a retry, is known.
    """
    services = call.services
    detail = await task_detail(services.history, services.recent_task, call.path["task_id"])
    if detail is None:
        raise ProblemError(404, _UNKNOWN)
    return detail


async def explain_task(call: Call[NoQuery, NoBody]) -> Explanation:
    """Why a task is not running, or what became of it."""
    return Explanation.model_validate(await call.services.why(call.path["task_id"]))


ROUTES = (
    Route(
        method="GET",
        path=f"{MONITORING}/tasks",
        handler=list_tasks,
        summary="Tasks by filter, in pages.",
        errors=(503,),
    ),
    Route(
        method="GET",
        path=f"{MONITORING}/tasks/{{task_id}}",
        handler=get_task,
        summary="One task: its times, arguments, result or error, runs and neighbours.",
        errors=(404, 503),
    ),
    Route(
        method="GET",
        path=f"{MONITORING}/tasks/{{task_id}}/why",
        handler=explain_task,
        summary="Why a task is not running, or what became of it.",
        errors=(503,),
    ),
)
