"""Collects the facts of one task without a monitor: from the broker, the workers and the result backend."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from celery_health.broker import BrokerReading, Found
from celery_health.readers import reader_for
from celery_health.readers.redis.task_search import TaskSearch
from celery_health.redaction import redact
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.budget import Budget
from celery_health.survey.connect import connection_failure
from celery_health.survey.evidence.reading import read_listeners
from celery_health.survey.finding_queues import read_until_found
from celery_health.survey.task.holder import TaskReplies, ask_about_task, not_answered
from celery_health.survey.task.result import STARTED, TaskResult, read_result
from celery_health.survey.task.result_facts import is_final, with_result
from celery_health.survey.task.search import Searched, search_for_task
from celery_health.survey.task.whole_ids import whole_ids
from celery_health.threads import run_in_thread
from celery_health.times import unix_time
from celery_health.tls import THIS_PYTHON
from celery_health.verdicts.fleet import poison_tasks
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS
from celery_health.why.facts import Held, Holder, Place, Queue, Sources, TaskFacts
from celery_health.why.words import is_beginning

_VISIBILITY_SECONDS = 3600.0
"""Celery's default on Redis."""
_NOT_ALL_FOUND = "Not all queues on this Redis were found: name the queue to search with --queue."


@dataclass(frozen=True, slots=True)
class WhyOptions:
    """Where to search. ``timeout`` in seconds; ``queues``: those to search, empty for all that are known."""

    timeout: float = 5.0
    queues: tuple[str, ...] = ()
    management_url: str | None = None


async def collect_task_facts(connection: AppConnection, task_id: str, options: WhyOptions) -> TaskFacts:
    """Everything that can be found out about the task within the time. It does not raise for servers."""
    budget = Budget(options.timeout)
    failure = await connection_failure(connection.broker, budget.left)
    result = asyncio.create_task(_result(connection, task_id, budget))
    if failure is not None:
        facts = TaskFacts(task_id, time.time(), place=Place(connection.name))
        sources = Sources(connection.broker.address, broker_error=failure.message)
        return with_result(replace(facts, sources=sources), await result)
    replies = await _ask(connection, task_id, budget)
    dead_letters = (connection.dead_letter_queue, *replies.dead_letter_queues)
    if is_beginning(task_id) and replies.holder is None:
        whole: list[str] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(budget.left):
                whole = await whole_ids(connection, task_id, replies, dead_letters)
        if len(whole) == 1 and whole[0] != task_id:
            result.cancel()
            return await collect_task_facts(connection, whole[0], options)
    names = _queue_names(connection, options, replies)
    reading, found = await _read_broker(connection, options, names)
    kept = await result
    is_over = replies.holder is not None or is_final(kept)
    searched = await search_for_task(connection, task_id, [*names, *found], () if is_over else dead_letters)
    if kept.state == STARTED and replies.holder is None:
        # The task may have ended before its worker was asked.
        again = await _result(connection, task_id, budget)
        kept = again if again.asked else kept
    if is_over:
        searched = replace(searched, not_searched=())  # it is known where the task is
    elif reading.found is not Found.ALL and searched.found is not None and searched.found.is_nowhere:
        searched = replace(searched, not_searched=(*searched.not_searched, _NOT_ALL_FOUND))
    facts = _facts(connection, task_id, replies, reading, searched)
    listening = await _listens(connection, options, kept, replies)
    return with_result(facts, kept, tuple(worker.name for worker in replies.workers), listening)


async def _listens(
    connection: AppConnection, options: WhyOptions, result: TaskResult, replies: TaskReplies
) -> bool | None:
    """Whether the worker that has started the task may live although it did not answer; None if all answered.

    A worker with the pool solo answers nothing while it runs a task. RabbitMQ shows whether it is connected.
    """
    answered = {worker.name for worker in replies.workers}
    has_begun = result.state == STARTED and replies.holder is None
    if not has_begun or not result.worker or result.worker in answered or replies.error:
        return None
    if not connection.broker.kind.is_amqp:
        return None if replies.complete else True
    reader = reader_for(
        connection.broker, connection.naming, management_url=options.management_url, python=THIS_PYTHON
    )
    try:
        reading = await reader.read([f"{result.worker}.{connection.exchange}.pidbox"])
    finally:
        await reader.close()
    # With Celery 5.7 the queue is its connection's own, and RabbitMQ shows others only that it is there.
    return not reading.queues or reading.queues[0].consumers != 0


async def _ask(connection: AppConnection, task_id: str, budget: Budget) -> TaskReplies:
    if not connection.remote_control:
        return TaskReplies(error="The application sets worker_enable_remote_control = False")
    listeners = (await read_listeners(connection, budget)).listeners
    if listeners == 0:
        return TaskReplies()
    seconds = budget.seconds * 0.4

    def ask() -> TaskReplies:
        return ask_about_task(connection.celery(), task_id, seconds, expected=listeners)

    try:
        replies = await run_in_thread(ask, budget.seconds)
    except TimeoutError:
        return TaskReplies(error="Remote control does not end in time")
    if listeners is not None and listeners > replies.answered and not replies.error:
        return replace(replies, error=not_answered(listeners - replies.answered, listeners))
    return replace(replies, complete=listeners is not None)


def _queue_names(connection: AppConnection, options: WhyOptions, replies: TaskReplies) -> tuple[str, ...]:
    if options.queues:
        return options.queues
    consumed = (queue for worker in replies.workers for queue in worker.queues or ())
    return tuple(dict.fromkeys([*connection.queues, *consumed])) or (connection.default_queue,)


async def _read_broker(
    connection: AppConnection, options: WhyOptions, names: Sequence[str]
) -> tuple[BrokerReading, list[str]]:
    """The reading of the named queues, and the names of other queues that have messages."""
    reader = reader_for(
        connection.broker, connection.naming, management_url=options.management_url, python=THIS_PYTHON
    )
    try:
        if options.queues:
            reading = replace(await reader.read(names), found=Found.ALL)
        else:
            reading = await read_until_found(lambda: reader.read(names))
        return reading, [queue.name for queue in reading.other_queues]
    finally:
        await reader.close()


def _facts(
    connection: AppConnection,
    task_id: str,
    replies: TaskReplies,
    reading: BrokerReading,
    searched: Searched,
) -> TaskFacts:
    search, quarantine = searched.found, replies.quarantine
    deaths = [victim.count for victim in replies.deaths.victims() if victim.id == task_id]
    message = None if search is None else search.message
    name = replies.name or (None if message is None else message.name)
    problems = (f"{redact(replies.error)}.",) if replies.error else ()
    now = time.time()
    return TaskFacts(
        id=task_id,
        now=now,
        name=name,
        started=replies.started,
        eta=replies.eta or (None if message is None else unix_time(message.eta)),
        expires=None if message is None else unix_time(message.expires),
        retries=0 if message is None else message.retries,
        holder=replies.holder or _rate_limited(replies, search, name),
        queue=_queue(reading, replies, search),
        revoke_ordered=replies.revoked,
        quarantined=quarantine is not None,
        not_moved=quarantine.problem if quarantine is not None and quarantine.waiting else "",
        dead_letter_queue=None if search is None else search.dead_letter_queue,
        deaths=sum(deaths),
        poison=poison_tasks.of_task(task_id, replies.deaths, DEFAULT_FLEET_THRESHOLDS),
        unacknowledged=None if search is None else search.unacknowledged,
        redelivery=_redelivery(connection, replies, search, now),
        place=Place(connection.name),
        sources=Sources(
            broker=connection.broker.address,
            broker_error=reading.message if reading.reachable is False else None,
            workers_known=replies.error is None,
            worker_count=len(replies.workers),
            sent_events=replies.sent_events,
            not_searched=(*searched.not_searched, *problems),
        ),
    )


def _rate_limited(replies: TaskReplies, search: TaskSearch | None, name: str | None) -> Holder | None:
    """No worker reports a task that waits for its rate limit: it is delivered, and its name is limited."""
    if search is None or search.unacknowledged is not True or name is None or replies.error:
        return None
    limited = [worker for worker in replies.workers if name in (worker.rate_limits or {})]
    if len(limited) != len(replies.workers) or not limited:
        return None
    worker = limited[0]
    names = worker.name if len(limited) == 1 else f"{worker.name} or another"
    return Holder(names, Held.UNKNOWN, rate_limit=(worker.rate_limits or {})[name], online=True)


def _queue(reading: BrokerReading, replies: TaskReplies, search: TaskSearch | None) -> Queue | None:
    if search is None or search.queue is None:
        return None
    known = {queue.name: queue for queue in (*reading.queues, *reading.other_queues)}
    read = known.get(search.queue)
    consumers = [worker for worker in replies.workers if search.queue in (worker.queues or ())]
    slots = [worker.slots for worker in consumers]
    everyone = replies.error is None and all(worker.queues is not None for worker in replies.workers)
    return Queue(
        name=search.queue,
        ready=None if read is None else read.ready,
        ahead=search.ahead,
        found=True,
        consumers=None if read is None else read.consumers,
        workers=tuple(worker.name for worker in consumers) if consumers or everyone else None,
        slots=None if None in slots or not slots else sum(slot or 0 for slot in slots),
    )


def _redelivery(
    connection: AppConnection, replies: TaskReplies, search: TaskSearch | None, now: float
) -> float | None:
    if search is None or search.unacknowledged is not True or search.delivered_at is None:
        return None
    timeout = replies.visibility_timeout or connection.visibility_timeout or _VISIBILITY_SECONDS
    return max(0.0, float(timeout) - (now - search.delivered_at))


async def _result(connection: AppConnection, task_id: str, budget: Budget) -> TaskResult:
    if not connection.keeps_results:
        return TaskResult()
    try:
        return await run_in_thread(lambda: read_result(connection.celery(), task_id), budget.left)
    except Exception:  # a backend that fails was not asked
        return TaskResult()
