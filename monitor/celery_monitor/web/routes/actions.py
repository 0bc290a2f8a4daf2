"""Actions on single tasks, and which tasks may be sent."""

from celery_monitor.control.retries.build import Given
from celery_monitor.control.submit import BrokerAwayError
from celery_monitor.history.rows.clean import MOST_ID_CHARACTERS
from celery_monitor.settings import Role
from celery_monitor.web.models.actions import AllowedTasks, Cancel, CancelBody, Retry, RetryBody
from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.problems import ProblemError, unavailable
from celery_monitor.web.routes.paths import MONITORING
from celery_monitor.web.routing import Call, Reply, Route


async def cancel_task(call: Call[NoQuery, CancelBody]) -> Reply[Cancel]:
    """Keep a cancel and have it sent to the workers."""
    task_id, body = task_id_of(call.path["task_id"]), call.body
    call.note.detail = f"terminate with {body.signal}" if body.terminate else "without terminate"
    cancel = await call.services.actions.cancels.cancel(
        task_id, call.caller.name, terminate=body.terminate, signal=body.signal
    )
    return Reply(Cancel.of(cancel), status=202)


async def retry_task(call: Call[NoQuery, RetryBody]) -> Reply[Retry]:
    """Send a task again under a new id."""
    task_id, body = task_id_of(call.path["task_id"]), call.body
    given = Given(args=body.args, kwargs=body.kwargs, queue=body.queue)
    edited = [name for name in ("args", "kwargs", "queue") if getattr(body, name) is not None]
    call.note.detail = f"with other {', '.join(edited)}" if edited else "unchanged"
    try:
        retry = await call.services.actions.retries.retry(task_id, call.caller.name, given, again=body.again)
    except BrokerAwayError as error:
        new = f" Its id is {error.task_id}." if error.task_id else ""
        raise unavailable(f"{str(error).rstrip('.')}.{new}") from None
    call.note.detail += f", as {retry.task_id}"
    return Reply(Retry(task_id=retry.task_id, retry_of=retry.retry_of), status=201)


async def list_allowed_tasks(call: Call[NoQuery, NoBody]) -> AllowedTasks:
    """The tasks that the settings allow to send."""
    return AllowedTasks(tasks=call.services.application.allowed_tasks.tasks)


def task_id_of(text: str) -> str:
    """The id of a task. Raises ProblemError (422) for a text that none can be."""
    if not text.isprintable() or len(text) > MOST_ID_CHARACTERS:
        raise ProblemError(
            422, f"The id of a task has at most {MOST_ID_CHARACTERS} characters, all of them printable."
        )
    return text


ROUTES = (
    Route(
        method="GET",
        path=f"{MONITORING}/tasks/allowed",
        handler=list_allowed_tasks,
        summary="The tasks that the settings allow to send.",
    ),
    Route(
        method="POST",
        path=f"{MONITORING}/tasks/{{task_id}}/cancel",
        handler=cancel_task,
        summary="Cancel a task: it is revoked, kept revoked when workers restart, and ended if it runs.",
        role=Role.OPERATOR,
        statuses=(202,),
        errors=(409, 503),
        optional_body=True,
    ),
    Route(
        method="POST",
        path=f"{MONITORING}/tasks/{{task_id}}/retry",
        handler=retry_task,
        summary="Send a failed, revoked or lost task again under a new id.",
        role=Role.OPERATOR,
        statuses=(201,),
        errors=(409, 503),
        optional_body=True,
    ),
)
