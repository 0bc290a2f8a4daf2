"""Retries one task for a caller."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from celery_monitor.control.refused import RefusedError
from celery_monitor.control.retries.build import Given, RetryBuilder
from celery_monitor.control.submit import BrokerAwayError, Submitter
from celery_monitor.history.history import History
from celery_monitor.live.known_tasks import KnownTasks
from celery_monitor.records.requests import RequestedRetry


class RetryRequests:
    """Accepts retries of single tasks."""

    def __init__(
        self,
        tasks: KnownTasks,
        history: History,
        builder: RetryBuilder,
        submitter: Submitter,
        clock: Callable[[], float],
    ) -> None:
        self._tasks = tasks
        self._history = history
        self._builder = builder
        self._submitter = submitter
        self._clock = clock

    async def retry(self, task_id: str, identity: str, given: Given, *, again: bool) -> RequestedRetry:
        """Send the task again under a new id. ``again``: also if it was retried before.

        Raises:
            RefusedError: the task cannot be retried, or not with these arguments.
            BrokerAwayError: the broker does not take the message.
            HistoryUnavailableError: the link cannot be stored, and nothing is sent.
        """
        record = await self._tasks.record(task_id)
        if record is None:
            raise RefusedError("The monitor does not know the task: send it from the application.")
        submission = await self._builder.submission(record, given)
        wanted = RequestedRetry(task_id=str(uuid4()), retry_of=task_id, at=self._clock(), identity=identity)
        retries = self._history.retries
        retry = await retries.reserve(wanted, again=again)
        if retry.task_id != wanted.task_id and not self._may_go_on(retry):
            raise RefusedError(
                f"The task was retried before, as {retry.task_id}: retry that task instead, or repeat the "
                'request with "again": true.'
            )
        (delivery,) = await self._submitter.deliver([replace(submission, task_id=retry.task_id)])
        if delivery.problem is None:
            await retries.note_sent([retry.task_id], self._clock())
            return retry
        if delivery.certain:
            await retries.remove([retry.task_id])
        raise BrokerAwayError(delivery.problem, None if delivery.certain else retry.task_id)

    def _may_go_on(self, retry: RequestedRetry) -> bool:
        """Whether an earlier attempt is not known to have been sent, and may be sent once more."""
        return retry.sent is None and self._submitter.sends_once
