"""Makes the message of a retry: name, arguments, queue and priority of the original."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from celery_health.survey.app_connection import AppConnection
from celery_health.survey.task.arguments import (
    Arguments,
    UnknownArgumentsError,
    arguments_of_texts,
    arguments_of_values,
)
from celery_health.survey.task.result import read_meta
from celery_health.threads import run_in_thread
from celery_monitor.control.refused import RefusedError
from celery_monitor.control.rules import retry_refusal
from celery_monitor.control.submit import Submission
from celery_monitor.live.live import Live
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.remote_control.connecting import SECONDS


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller gives instead of what the original had. None: as the original."""

    args: Sequence[Any] | None = None
    kwargs: Mapping[str, Any] | None = None
    queue: str | None = None


class RetryBuilder:
    """Knows the result backend, which may keep whole arguments, and the queues of workers."""

    def __init__(self, connection: AppConnection, live: Live) -> None:
        self._connection = connection
        self._live = live

    async def submission(self, record: TaskRecord, given: Given) -> Submission:
        """The task to send.

        Raises:
            RefusedError: the task cannot be retried, or its arguments or its queue are not known.
        """
        why = retry_refusal(record)
        if why is not None:
            raise RefusedError(why)
        complete = given.args is not None and given.kwargs is not None and (given.queue or record.queue)
        meta = {} if complete else await self._meta(record.id)
        arguments = _arguments(record, given, meta)
        return Submission(
            name=record.name or "",
            args=arguments.args,
            kwargs=arguments.kwargs,
            queue=self._queue(record, given, meta),
            priority=record.priority,
            root_id=record.root_id,
            parent_id=record.parent_id,
        )

    async def _meta(self, task_id: str) -> Mapping[str, Any]:
        if not self._connection.keeps_results:
            return {}
        try:
            return await run_in_thread(lambda: read_meta(self._connection.celery(), task_id) or {}, SECONDS)
        except Exception:  # a result backend that does not answer keeps nothing
            return {}

    def _queue(self, record: TaskRecord, given: Given, meta: Mapping[str, Any]) -> str | None:
        """None: as the application routes the task."""
        kept = meta.get("queue")
        if isinstance(kept, str) and self._live.queue(kept) is not None:
            # The result backend keeps the routing key, which is the queue's name in most applications.
            known: str | None = kept
        else:
            known = None
        queue = given.queue or record.queue or known or self._only_queue(record.worker)
        if queue is None and self._connection.app is None:
            raise RefusedError(
                "The queue of the task is not known: name it with queue. With task_send_sent_event = True in "
                "the programs that send tasks, it is known of later tasks."
            )
        return queue

    def _only_queue(self, worker: str | None) -> str | None:
        view = None if worker is None else self._live.worker(worker)
        queues = () if view is None or view.queues is None else view.queues
        return queues[0] if len(queues) == 1 else None


def _arguments(record: TaskRecord, given: Given, meta: Mapping[str, Any]) -> Arguments:
    if given.args is not None and given.kwargs is not None:
        return Arguments(given.args, given.kwargs)
    try:
        if meta.get("args") is not None:
            found = arguments_of_values(meta.get("args"), meta.get("kwargs"))
        else:
            found = arguments_of_texts(record.args, record.kwargs, truncated=record.arguments_truncated)
    except UnknownArgumentsError as error:
        raise RefusedError(str(error)) from None
    return Arguments(
        found.args if given.args is None else given.args,
        found.kwargs if given.kwargs is None else given.kwargs,
    )
