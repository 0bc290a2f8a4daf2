"""Proposes an action on many tasks, and starts it when it is confirmed.

The tasks are stored with the proposal. So what is confirmed is what was shown, whatever the filter finds by
then, and the confirmation can be used once.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from celery_health.survey.app_connection import AppConnection
from celery_health.survey.task.arguments import UnknownArgumentsError, arguments_of_texts
from celery_health.survey.task.result import keeps_meta
from celery_health.threads import run_in_thread
from celery_health.verdicts.text import counted
from celery_monitor.control.cancels.requests import count_given
from celery_monitor.control.refused import RefusedError
from celery_monitor.control.rules import cancel_refusal, retry_refusal
from celery_monitor.history.filters import TaskFilter
from celery_monitor.history.history import History
from celery_monitor.history.requests.cancels import MOST_OPEN
from celery_monitor.records.bulk import Bulk, BulkAction, BulkState
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.remote_control.connecting import SECONDS

MOST_TASKS = 10_000
EXPIRES_SECONDS = 600.0
SAMPLE = 10
_PART = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a caller wants to do. ``tasks``: a filter, or ids. ``filter``: the same as a text."""

    action: BulkAction
    filter: str
    tasks: TaskFilter | tuple[str, ...]
    terminate: bool
    signal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What would be done. ``confirmation`` None: nothing can be done.

    ``matched``: all tasks that the filter finds, or all ids. ``refused``: why some of them are left out, and
    how many.
    """

    bulk: Bulk
    matched: int
    sample: Sequence[TaskRecord]
    refused: Sequence[tuple[str, int]]
    confirmation: str | None


class BulkRequests:
    """Accepts actions on many tasks."""

    def __init__(self, history: History, connection: AppConnection, clock: Callable[[], float]) -> None:
        self._history = history
        self._connection = connection
        self._clock = clock

    async def propose(self, wanted: Wanted, identity: str) -> Proposal:
        """Find the tasks, and keep the proposal for 10 minutes. Nothing is done to any task.

        Raises:
            RefusedError: the filter finds too many tasks, or too many cancels are open.
            HistoryUnavailableError: the tasks cannot be found now.
        """
        chosen: list[str] = []
        sample: list[TaskRecord] = []
        refused: Counter[str] = Counter()
        matched = 0
        async for part in self._parts(wanted.tasks):
            matched += len(part)
            if matched > MOST_TASKS:
                raise RefusedError(
                    f"The filter finds more than {MOST_TASKS} tasks: narrow it, for example with name: or "
                    "after:."
                )
            for record, why in await self._checked(wanted.action, part):
                if why is not None:
                    refused[why] += 1
                    continue
                chosen.append(record.id)
                if len(sample) < SAMPLE:
                    sample.append(record)
        if isinstance(wanted.tasks, tuple) and matched < len(wanted.tasks):
            refused[UNKNOWN] = len(wanted.tasks) - matched
            matched = len(wanted.tasks)
        await self._check_room(wanted.action, len(chosen))
        now = self._clock()
        bulk = Bulk(
            id=secrets.token_hex(8),
            action=wanted.action,
            filter=wanted.filter,
            terminate=wanted.terminate,
            signal=wanted.signal,
            identity=identity,
            at=now,
            expires=now + EXPIRES_SECONDS,
            count=len(chosen),
        )
        confirmation = None
        if chosen:
            secret = secrets.token_urlsafe(18)
            await self._history.bulks.delete_expired(now)
            await self._history.bulks.propose(bulk, _digest(secret), chosen)
            confirmation = f"{bulk.id}.{secret}"
        return Proposal(
            bulk=bulk,
            matched=matched,
            sample=sample,
            refused=refused.most_common(),
            confirmation=confirmation,
        )

    async def start(self, wanted: Wanted, confirmation: str, identity: str) -> Bulk:
        """Have a proposal run.

        Raises:
            RefusedError: the confirmation is of another action, has expired, or was used before; or too many
                cancels are open by now. The confirmation can be used again then.
            HistoryUnavailableError: it cannot be started now.
        """
        bulk_id, _, secret = confirmation.partition(".")
        bulks, now = self._history.bulks, self._clock()
        bulk = await bulks.get(bulk_id)
        if bulk is not None and not _is_same(bulk, wanted):
            raise RefusedError(
                f"The confirmation is that of {bulk.action.value} with the filter {bulk.filter!r}: request a "
                "dry run of this action."
            )
        if bulk is not None and bulk.state is BulkState.PROPOSED:
            await self._check_room(bulk.action, bulk.count)
        if bulk is None or not await bulks.start(bulk_id, _digest(secret), identity, now):
            raise RefusedError(
                "The confirmation was used before, has expired after 10 minutes, or is none: request a dry "
                "run and confirm that."
            )
        return await bulks.get(bulk_id) or bulk

    async def _check_room(self, action: BulkAction, count: int) -> None:
        """Refuse cancels that would not be sent again to workers that start."""
        if action is not BulkAction.CANCEL or count == 0:
            return
        given = await count_given(self._history)
        room = MOST_OPEN - given
        if count > room:
            fewer = f"choose at most {counted(room, 'task')}, or " if room > 0 else ""
            raise RefusedError(
                f"{given:,} cancels are open already, and a worker remembers at most {MOST_OPEN:,}: "
                f"{fewer}wait until cancelled tasks have ended."
            )

    async def _parts(self, tasks: TaskFilter | tuple[str, ...]) -> AsyncIterator[list[TaskRecord]]:
        if isinstance(tasks, tuple):
            yield await self._history.tasks_by_id(tasks)
            return
        part: list[TaskRecord] = []
        async for record in self._history.stream(tasks):
            part.append(record)
            if len(part) == _PART:
                yield part
                part = []
        if part:
            yield part

    async def _checked(
        self, action: BulkAction, records: Sequence[TaskRecord]
    ) -> list[tuple[TaskRecord, str | None]]:
        if action is BulkAction.CANCEL:
            return [(record, cancel_refusal(record)) for record in records]
        retried = await self._history.retries.latest([record.id for record in records])
        # The result backend may keep the arguments, and is asked when the task is sent.
        may_ask = await self._keeps_arguments()
        return [
            (record, RETRIED if record.id in retried else _retry_refusal(record, may_ask=may_ask))
            for record in records
        ]

    async def _keeps_arguments(self) -> bool:
        if not self._connection.keeps_results:
            return False
        try:
            return await run_in_thread(lambda: keeps_meta(self._connection.celery()), SECONDS)
        except Exception:  # the retry will meet the same error, and find no arguments there
            return False


def _retry_refusal(record: TaskRecord, *, may_ask: bool) -> str | None:
    why = retry_refusal(record)
    if why is not None or may_ask:
        return why
    try:
        arguments_of_texts(record.args, record.kwargs, truncated=record.arguments_truncated)
    except UnknownArgumentsError as error:
        return str(error)
    return None


UNKNOWN = "The history has no such task."
RETRIED = "The task was retried before: retry the latest retry of it instead."


def _is_same(bulk: Bulk, wanted: Wanted) -> bool:
    asked = (wanted.action, wanted.filter, wanted.terminate, wanted.signal)
    return (bulk.action, bulk.filter, bulk.terminate, bulk.signal) == asked


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
