"""Collects what the monitor knows of one task and answers why it is not running."""

import asyncio
from collections.abc import Callable

from celery_health.survey.app_connection import AppConnection
from celery_health.survey.task.result import TaskResult, read_result
from celery_health.survey.task.search import Searched, search_for_task
from celery_health.threads import run_in_thread
from celery_health.why.answer import Answer
from celery_health.why.decide import why
from celery_health.why.facts import Sources
from celery_monitor.live.live import Live
from celery_monitor.live.why.facts import Known, facts, is_held, queue_name
from celery_monitor.live.why.tasks import Tasks
from celery_monitor.records.states import FINAL_STATES, LOST, PENDING, RETRY, SUCCESS
from celery_monitor.records.tasks import TaskRecord

_AT_ONCE = 2
"""Questions that read the broker at one time: each may read thousands of messages."""
_SEARCH_SECONDS = 6.0
_RESULT_SECONDS = 2.0
_MAX_QUEUES = 50
_DELAY_SECONDS = 6.0
"""An event comes in less than a second. A queue that no event names is found at the third read."""


class Why:
    """``broker_problem``: why the broker cannot be used now, None while it can."""

    def __init__(
        self,
        live: Live,
        tasks: Tasks,
        connection: AppConnection,
        broker_problem: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._live = live
        self._tasks = tasks
        self._connection = connection
        self._broker_problem = broker_problem
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def answer(self, task_id: str) -> Answer:
        """The one answer. It takes some seconds at most, where the broker has to be searched."""
        before = await self._tasks.record(task_id)
        searched = await self._search(task_id, before)
        result = await self._result(task_id, before)
        record = await self._tasks.record(task_id)
        if not _may_be_in_broker(record):
            searched = None  # a worker has received the task while the broker was searched
        return why(facts(await self._known(task_id, record, searched, result)))

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
            push=live.push,
            app=self._connection.name,
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

    async def _succeeded_as(self, record: TaskRecord | None) -> str | None:
        if record is None or record.state == SUCCESS or record.state not in FINAL_STATES | {LOST}:
            return None
        return await self._tasks.succeeded_as(record.id)

    async def _search(self, task_id: str, record: TaskRecord | None) -> Searched | None:
        """Only where the message may be in the broker and no worker is known to have it."""
        if not _may_be_in_broker(record):
            return None
        own = [record.queue] if record is not None and record.queue else []
        names = [*own, *(name for name in self._live.known_queues.names() if name not in own)]
        if not names:
            names = [self._connection.default_queue]
        async with self._slots:
            try:
                async with asyncio.timeout(_SEARCH_SECONDS):
                    return await search_for_task(self._connection, task_id, names[:_MAX_QUEUES])
            except TimeoutError:
                return Searched(None, ("The broker did not answer in time, so no queue was searched.",))

    async def _result(self, task_id: str, record: TaskRecord | None) -> TaskResult | None:
        """Whether the result is still there, or what it says of a task whose end was not seen."""
        if record is not None and record.state in FINAL_STATES - {SUCCESS}:
            return None
        url = self._connection.result_backend_url
        if not url or url.startswith("rpc"):
            return None
        async with self._slots:
            try:
                return await run_in_thread(
                    lambda: read_result(self._connection.celery(), task_id), _RESULT_SECONDS
                )
            except Exception:  # a backend that fails was not asked
                return None


def _may_be_in_broker(record: TaskRecord | None) -> bool:
    return record is None or record.state in {PENDING, RETRY, LOST}
