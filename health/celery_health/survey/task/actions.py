"""Cancels and retries one task without a monitor: by remote control, and from the result backend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from celery_health.error_text import in_one_line
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.remote_control import all_replies
from celery_health.survey.task.arguments import Arguments, UnknownArgumentsError, arguments_of_values
from celery_health.survey.task.result import read_meta
from celery_health.survey.task.routing import route_options
from celery_health.survey.task.states import cancel_refusal, retry_refusal
from celery_health.verdicts.text import counted, listed


class TaskActionError(Exception):
    """The action is not done. The message is one sentence that says why, and what to do instead.

    ``refused``: the task or the arguments do not allow it; otherwise a server is away.
    """

    def __init__(self, message: str, *, refused: bool = True) -> None:
        super().__init__(message)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Revoked:
    """``workers`` revoke the task. ``refusals``: what other workers answered, as sentences."""

    workers: tuple[str, ...]
    refusals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edited:
    """What the caller gives instead of what the result backend keeps. None: as kept."""

    name: str | None = None
    args: Sequence[Any] | None = None
    kwargs: Mapping[str, Any] | None = None
    queue: str | None = None


def cancel(
    connection: AppConnection, task_id: str, seconds: float, *, terminate: bool, signal: str
) -> Revoked:
    """Order all workers to revoke the task. It blocks for about ``seconds``.

    Raises:
        TaskActionError: the task has ended, no worker answers, or the broker is away.
    """
    state = _meta(connection, task_id).get("status")
    if state is not None and (why := cancel_refusal(state)) is not None:
        raise TaskActionError(why)
    app, arguments = connection.celery(), {"task_id": task_id, "terminate": terminate, "signal": signal}
    try:
        with app.connection_for_write(connect_timeout=seconds) as opened:
            answers = all_replies(app, opened, "revoke", seconds, arguments)
    except Exception as error:  # whatever the transport raises means the same
        raise _away(connection, error) from None
    if not answers:
        raise TaskActionError(
            f"No worker answered within {seconds:g} s, so the task is not cancelled: start a worker and "
            "repeat the command. celery-monitor keeps a cancel until a worker is there.",
            refused=False,
        )
    errors = {
        worker: str(answer["error"])
        for worker, answer in answers.items()
        if isinstance(answer, dict) and "error" in answer
    }
    return Revoked(
        workers=tuple(sorted(answers.keys() - errors.keys())),
        refusals=tuple(f"Worker {worker} answered: {error}" for worker, error in sorted(errors.items())),
    )


def retry(connection: AppConnection, task_id: str, seconds: float, edited: Edited) -> str:
    """Send the task again under a new id, which is returned. The original stays as it is. It blocks.

    Raises:
        TaskActionError: the task cannot be retried, its arguments are not known, or a server is away.
    """
    meta = _meta(connection, task_id)
    _check_state(connection, meta)
    name = edited.name or meta.get("name")
    if not isinstance(name, str) or not name:
        raise TaskActionError(
            "The result backend does not keep the name of the task: use --name NAME. With result_extended = "
            "True in the application, it keeps the names of later tasks."
        )
    arguments = _arguments(meta, edited)
    queue = edited.queue or meta.get("queue")
    if not isinstance(queue, str) and connection.app is None:
        raise TaskActionError(
            "The queue of the task is not known: use --queue NAME, or -A APP for its routes."
        )
    return _send(connection, name, arguments, queue if isinstance(queue, str) else None, seconds)


def _check_state(connection: AppConnection, meta: Mapping[str, Any]) -> None:
    state = meta.get("status")
    if not connection.result_backend_url:
        raise TaskActionError(
            "No result backend is known, and no state of the task: use --result-backend URL."
        )
    if state is None:
        raise TaskActionError(
            "The result backend has nothing of the task: it has not ended, its result has expired, or it "
            "ignores its result. The monitor can retry tasks that have no result."
        )
    if (why := retry_refusal(state)) is not None:
        raise TaskActionError(why)


def _arguments(meta: Mapping[str, Any], edited: Edited) -> Arguments:
    if edited.args is not None and edited.kwargs is not None:
        return Arguments(edited.args, edited.kwargs)
    try:
        kept = arguments_of_values(meta.get("args"), meta.get("kwargs"))
    except UnknownArgumentsError as error:
        raise TaskActionError(str(error)) from None
    return Arguments(
        kept.args if edited.args is None else edited.args,
        kept.kwargs if edited.kwargs is None else edited.kwargs,
    )


def _send(
    connection: AppConnection,
    name: str,
    arguments: Arguments,
    queue: str | None,
    seconds: float,
) -> str:
    from amqp.exceptions import NotFound  # noqa: PLC0415

    app, task_id = connection.celery(), str(uuid4())
    try:
        with app.connection_for_write(
            connect_timeout=seconds, transport_options={"confirm_publish": True}
        ) as opened:
            app.send_task(
                name,
                args=list(arguments.args),
                kwargs=dict(arguments.kwargs),
                task_id=task_id,
                connection=opened,
                ignore_result=True,
                retry=False,
                **route_options(connection, app, name, queue, opened),
            )
    except NotFound:
        raise TaskActionError(f"RabbitMQ has no queue {queue}: use --queue NAME.") from None
    except Exception as error:  # whatever the transport raises means the same
        raise _away(connection, error) from None
    return task_id


def _meta(connection: AppConnection, task_id: str) -> Mapping[str, Any]:
    if not connection.keeps_results:
        return {}
    try:
        return read_meta(connection.celery(), task_id) or {}
    except Exception as error:  # whatever the result backend raises means the same
        raise TaskActionError(
            f"The result backend cannot be read: {in_one_line(error).rstrip('.')}.", refused=False
        ) from None


def _away(connection: AppConnection, error: Exception) -> TaskActionError:
    return TaskActionError(
        f"{connection.broker.address} cannot be used: {in_one_line(error).rstrip('.')}.", refused=False
    )


def revoked_sentence(revoked: Revoked) -> str:
    """Which workers revoke the task."""
    return f"{counted(len(revoked.workers), 'worker')} revoked the task: {listed(revoked.workers)}."
