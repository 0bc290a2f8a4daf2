"""Collects what the monitor knows of one task and answers why it is not running."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace

from celery_health.broker import Found
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.remote_control import Replies
from celery_health.survey.task.holder import TaskReplies, not_answered, task_replies
from celery_health.survey.task.result import TaskResult, read_result
from celery_health.survey.task.search import Searched, search_for_task
from celery_health.threads import run_in_thread
from celery_health.why.answer import Answer
from celery_health.why.decide import why
from celery_health.why.facts import Place, Sources
from celery_monitor.live.live import Live
from celery_monitor.live.why.dead_letters import DeadLetterReader
from celery_monitor.live.why.facts import Known, facts, is_held, queue_name, with_result
from celery_monitor.live.why.tasks import Tasks
from celery_monitor.records.states import (
    FINAL_STATES,
    LOST,
    PENDING,
    RECEIVED,
    REJECTED,
    RETRY,
    REVOKED,
    SUCCESS,
    UNREPORTED,
)
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.remote_control.remote_control import RemoteControlError
from celery_monitor.single_flight import SingleFlight

Ask = Callable[[Sequence[str], Sequence[str] | None], Awaitable[Replies]]
"""The answers to commands of the workers with these names, as ``RemoteControl.ask`` gives them."""

_AT_ONCE = 2
"""Questions that read the broker at one time: each may read thousands of messages."""
_SEARCH_SECONDS = 6.0
_RESULT_SECONDS = 2.0
_MAX_WORKERS = 1_000
_ANSWERS_SECONDS = 3.0
"""The answers of the workers serve all questions for so long: each open page of a task asks again."""
_ASKING_SECONDS = 5.0
_EVENT_SECONDS = 1.0
"""For the event of an end that its worker has just sent."""
_DELAY_SECONDS = 6.0
"""An event comes in less than a second. A queue that no event names is found at the third read."""


class Why:
    """``broker_problem``: why the broker cannot be used now, None while it can.

    ``on_end`` is called with a record, and with the same record as the result backend says that it has ended,
    if the event of that end is late. ``ask``: asks workers; None where the answer does without.
    """

    def __init__(
        self,
        live: Live,
        tasks: Tasks,
        connection: AppConnection,
        broker_problem: Callable[[], str | None] = lambda: None,
        on_end: Callable[[TaskRecord, TaskRecord], None] = lambda *_: None,
        *,
        ask: Ask | None = None,
    ) -> None:
        self._live = live
        self._tasks = tasks
        self._connection = connection
        self._broker_problem = broker_problem
        self._on_end = on_end
        self._ask = ask
        self._answers = SingleFlight(self._asked, _ANSWERS_SECONDS)
        self._read = DeadLetterReader()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def answer(self, task_id: str) -> Answer:
        """The one answer. It takes some seconds at most, where the broker has to be searched."""
        before = await self._tasks.record(task_id)
        run = _run_of(before)
        replies, left = await self._replies(task_id, before)
        searched = await self._search(task_id, before, replies, left=left)
        result = await self._result(task_id, before)
        record = await self._tasks.record(task_id)
        left = left and _run_of(record) == run
        if not (left or _may_be_in_broker(record)):
            searched = None  # a worker has received the task while the broker was searched
        known = await self._known(task_id, record, searched, result)
        known = with_result(replace(known, replies=replies, left=left))
        if record is not None and known.record is not None and known.record is not record:
            self._note_end(record, known.record)
        return why(facts(known))

    async def _replies(self, task_id: str, record: TaskRecord | None) -> tuple[TaskReplies, bool]:
        """What the workers say, and whether the one that runs the task by its record does not have it."""
        if record is not None and record.state in FINAL_STATES - {REJECTED}:
            return TaskReplies(), False
        try:
            async with asyncio.timeout(_ASKING_SECONDS):
                asked_at, asked, replies = await self._answers.get()
        except (RemoteControlError, TimeoutError):
            return TaskReplies(error=_not_answered(self._online(), {})), False
        found = task_replies(replies, task_id, self._live.clock(), _not_answered(asked, replies))
        left = (
            record is not None
            and self._has_begun(record, asked_at)
            and record.worker in replies.get("active", {})
            and task_id not in found.ids
        )
        if left:
            await asyncio.sleep(_EVENT_SECONDS)
        return found, left

    async def _asked(self) -> tuple[float, Sequence[str], Replies]:
        """When the workers were asked, all that are online, and what they answer."""
        asked_at, online = self._live.clock(), self._online()
        asked = online[:_MAX_WORKERS]
        return asked_at, online, await self._ask(("active", "stats"), asked) if self._ask and asked else {}

    def _online(self) -> list[str]:
        """The workers to ask."""
        if self._ask is None:
            return []
        return [worker.name for worker in self._live.workers() if worker.online]

    def _has_begun(self, record: TaskRecord, asked_at: float) -> bool:
        """Whether a worker, and no other of its name, was running the task when it was asked."""
        worker = self._live.known_workers.get(record.worker or "")
        begun = is_held(record) and record.state != RECEIVED and (record.started or 0.0) <= asked_at
        return begun and (worker is None or not worker.is_shared)

    def _note_end(self, record: TaskRecord, ended: TaskRecord) -> None:
        if ended.state == REVOKED and record.state != UNREPORTED:
            return  # a worker stores it when it gets the order, and the task may still wait or run
        if ended.finished is not None and ended.finished + _DELAY_SECONDS <= self._live.clock():
            self._on_end(record, ended)

    async def _known(
        self,
        task_id: str,
        record: TaskRecord | None,
        searched: Searched | None,
        result: TaskResult | None,
    ) -> Known:
        live, stats = self._live, self._live.stats()
        name = queue_name(record, searched)
        queue = None if name is None else live.queue(name)
        workers = live.workers()
        held, away = record is not None and is_held(record), self._broker_problem()
        worker = record.worker if record is not None and held else None
        known = None if worker is None else live.known_workers.get(worker)
        return Known(
            task_id=task_id,
            now=live.clock(),
            record=record,
            runtime=await self._tasks.runtime(record.name) if record and held and record.name else None,
            holder=None if worker is None else live.worker(worker),
            rate_limit=None
            if known is None or record is None
            else known.inspected.rate_limits.get(record.name or ""),
            active=await self._tasks.active_on(worker) if worker is not None else (),
            queue=queue,
            consumers=[one for one in workers if one.online and name in (one.queues or ())],
            searched=searched,
            result=result,
            cancel=await self._tasks.cancel(task_id),
            succeeded_as=await self._succeeded_as(record),
            push=live.fresh_push(),
            place=self._place(),
            sources=Sources(
                broker=self._connection.broker.address,
                broker_error=away,
                workers_known=live.known_workers.queues_are_known(),
                # No worker is seen online while the broker is away.
                worker_count=None if away else stats.workers_online,
                task_events=False if stats.without_task_events else None,
                sent_events=None if away else live.sent.seen,
                history=True,
                events_since=live.sight().since,
                delay=_DELAY_SECONDS,
            ),
        )

    def _place(self) -> Place:
        push = self._live.push
        if push is None:
            return Place(self._connection.name)
        return Place(self._connection.name, push.namespace, push.name)

    async def _succeeded_as(self, record: TaskRecord | None) -> str | None:
        if record is None or record.state == SUCCESS or record.state not in FINAL_STATES | {LOST}:
            return None
        return await self._tasks.succeeded_as(record.id)

    async def _search(
        self, task_id: str, record: TaskRecord | None, replies: TaskReplies, *, left: bool
    ) -> Searched | None:
        """Only where the message may be in the broker and no worker is known to have it."""
        if not (left or _may_be_in_broker(record)):
            return None
        # On RabbitMQ, reading one keeps other programs away: only if workers say that the task may be there.
        killed = replies.quarantine is not None or task_id in {one.id for one in replies.deaths.victims()}
        own_letters = (self._connection.dead_letter_queue, *replies.dead_letter_queues)
        dead_letters = own_letters if killed or self._connection.broker.kind.is_redis else ()
        own = [record.queue] if record is not None and record.queue else []
        names = [*own, *(name for name in self._live.known_queues.names() if name not in own)]
        if not names:
            names = [self._connection.default_queue]
        async with self._slots:
            try:
                async with asyncio.timeout(_SEARCH_SECONDS):
                    found = await search_for_task(
                        self._connection, task_id, names, dead_letters, read=self._read
                    )
            except TimeoutError:
                found = Searched(None, ("The broker did not answer in time, so no queue was searched.",))
        return replace(found, not_searched=(*found.not_searched, *self._left_out(found, replies)))

    def _left_out(self, searched: Searched, replies: TaskReplies) -> Iterator[str]:
        """Where else the task may be, if its message was not found."""
        if searched.found is not None and not searched.found.is_nowhere:
            return
        queues = self._live.known_queues
        all_found = queues.reading is None or queues.reading.found is Found.ALL
        if searched.found is not None and (queues.beyond or not all_found):
            yield "The monitor does not know all queues of this broker; it searched those that it knows."
        if replies.error:
            yield f"{replies.error}."

    async def _result(self, task_id: str, record: TaskRecord | None) -> TaskResult | None:
        """Whether the result is still there, or what it says of a task whose end was not seen."""
        if record is not None and record.state in FINAL_STATES - {SUCCESS}:
            return None
        if not self._connection.keeps_results:
            return None
        async with self._slots:
            try:
                return await run_in_thread(
                    lambda: read_result(self._connection.celery(), task_id), _RESULT_SECONDS
                )
            except Exception:  # a backend that fails was not asked
                return None


def _not_answered(workers: Sequence[str], replies: Replies) -> str | None:
    missing = len(set(workers) - replies.get("active", {}).keys())
    return not_answered(missing, len(workers)) if missing else None


def _may_be_in_broker(record: TaskRecord | None) -> bool:
    return record is None or record.state in {PENDING, RETRY, LOST, REJECTED}


def _run_of(record: TaskRecord | None) -> tuple[object, ...]:
    """What differs where another run has begun, or this one has ended."""
    return () if record is None else (record.state, record.worker, record.started)
