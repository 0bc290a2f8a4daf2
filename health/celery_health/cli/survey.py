"""One look at everything, within its budget: the broker, the workers, the result store, test tasks."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from celery_health.broker import BrokerReader, BrokerReading, BrokerReason
from celery_health.cli import consumers
from celery_health.cli.budget import Budget, in_thread
from celery_health.cli.consumers import RedisClients
from celery_health.cli.round_trip import RoundTrip, choose_task, not_back, round_trips
from celery_health.cli.target import Target
from celery_health.control import Answers, ask_workers
from celery_health.fleet.sights import WorkerSight
from celery_health.readers import reader_for
from celery_health.readers.redis_server import RedisServer, read_redis_server
from celery_health.stores import ping_store

DEFAULT_QUEUE = "celery"
# What a server that answers at all needs; a worker's main loop may be busy for a moment.
_ASKING_SHARE, _ASKING_SECONDS = 0.4, 1.0


@dataclass(frozen=True, slots=True)
class Questions:
    """What to look at besides the broker, its workers and the result store."""

    timeout: float = 5.0
    queues: tuple[str, ...] = ()
    management_url: str | None = None
    test_tasks: bool = False
    task: str | None = None
    check_redis: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found. ``workers_known``: they were asked, and all that live could answer.

    ``silent``: workers that the broker shows, and that did not answer. ``control_failure``: why nobody could
    be asked. ``at`` is Unix time.
    """

    at: float
    broker: BrokerReading
    workers: tuple[WorkerSight, ...] = ()
    workers_known: bool = False
    silent: tuple[str, ...] = ()
    control_failure: str | None = None
    store: BrokerReading | None = None
    redis: RedisServer | None = None
    trips: tuple[RoundTrip, ...] = ()
    took: float = 0.0


@dataclass(slots=True)
class _Look:
    target: Target
    questions: Questions
    budget: Budget
    names: list[str] = field(default_factory=list)
    registered: frozenset[str] = frozenset()


async def take(target: Target, questions: Questions) -> Survey:
    """Look once. What does not answer in time is told as such: nothing here raises for an ill server."""
    began = time.monotonic()
    look = _Look(target, questions, Budget(questions.timeout))
    look.names = list(questions.queues or target.queues or (DEFAULT_QUEUE,))
    reader = reader_for(target.broker_url, target.naming, management_url=questions.management_url)
    try:
        survey = await _take(look, reader)
    finally:
        await reader.close()
    return replace(survey, took=time.monotonic() - began)


async def _take(look: _Look, reader: BrokerReader) -> Survey:
    store = asyncio.create_task(_store(look))
    broker = await _read(look, reader)
    survey = Survey(time.time(), broker)
    # Of a broker that does not answer nobody can be asked through it.
    if broker.reachable is not False:
        survey = await _workers(look, reader, survey)
    survey = replace(survey, store=await store)
    if look.questions.test_tasks and broker.reachable is not False:
        survey = await _tested(look, survey)
    if look.questions.check_redis and look.target.broker.kind.is_redis:
        survey = replace(survey, redis=await _redis(look))
    return survey


async def _read(look: _Look, reader: BrokerReader) -> BrokerReading:
    try:
        async with asyncio.timeout(look.budget.left):
            return await reader.read(look.names)
    except TimeoutError:
        target = look.target.broker
        return BrokerReading(
            target.kind.value,
            target.address,
            False,
            BrokerReason.TIMED_OUT,
            f"{target.address} does not answer within {look.budget.seconds:g} s: see whether it hangs.",
        )


async def _store(look: _Look) -> BrokerReading | None:
    if look.target.store_url is None:
        return None
    return await ping_store(look.target.store_url, timeout=look.budget.left)


async def _workers(look: _Look, reader: BrokerReader, survey: Survey) -> Survey:
    clients = await _clients(look)
    answers = Answers() if clients.nobody else await _asked(look, clients)
    look.registered = answers.registered
    _note_queues(look, answers.workers)
    # A Redis shows queues that nobody asked for from its third look on.
    await _read(look, reader)
    broker = await _read(look, reader)
    workers = consumers.with_rabbit_evidence(answers.workers, broker)
    if look.target.broker.kind.is_redis:
        workers = consumers.with_redis_evidence(workers, [clients, await _clients(look)])
    silent = _silent(clients, workers, broker)
    return replace(
        survey,
        broker=_without_guess(broker, look, workers),
        workers=workers,
        # SQS and its like carry no remote control: silence there says nothing.
        workers_known=broker.reachable is True and answers.failure is None and not silent,
        silent=silent,
        control_failure=answers.failure,
    )


async def _clients(look: _Look) -> RedisClients:
    if not look.target.broker.kind.is_redis:
        return RedisClients()
    try:
        return await asyncio.wait_for(consumers.redis_clients(look.target), look.budget.left)
    except TimeoutError:
        return RedisClients()


async def _asked(look: _Look, clients: RedisClients) -> Answers:
    seconds = max(_ASKING_SECONDS, look.budget.seconds * _ASKING_SHARE)
    if clients.expected is None:
        seconds = _ASKING_SECONDS  # nobody tells how many will answer: as long as Celery itself waits
    seconds = min(seconds, look.budget.left)

    def ask() -> Answers:
        expected = clients.expected
        return ask_workers(look.target.celery(), seconds, expected=expected, tasks=look.questions.test_tasks)

    try:
        return await in_thread(ask, look.budget.left + 0.5)
    except TimeoutError:
        return Answers(failure="remote control does not end in time")


def _note_queues(look: _Look, workers: Sequence[WorkerSight]) -> None:
    if not look.questions.queues:
        look.names = list(dict.fromkeys([*look.names, *(one for worker in workers for one in worker.queues)]))


def _silent(clients: RedisClients, workers: Sequence[WorkerSight], broker: BrokerReading) -> tuple[str, ...]:
    """Who is there by the broker's word, and says nothing. By name only where no other explains the signs."""
    if workers:
        return ()
    if clients.listening or clients.waiting:
        # Names of workers that were killed stay: with several nobody knows whose the signs are.
        return tuple(clients.names) if clients.names and len(clients.names) == 1 else ("A worker",)
    if any(queue.consumers for queue in broker.queues):
        return ("A worker",)
    return ()


def _without_guess(broker: BrokerReading, look: _Look, workers: Sequence[WorkerSight]) -> BrokerReading:
    """Without an application Celery's usual queue is looked at; where nobody uses it, it is not told."""
    if look.questions.queues or look.target.queues:
        return broker
    read = {name for worker in workers for name in worker.queues}
    if not read:
        return broker
    kept = [queue for queue in broker.queues if queue.name in read or queue.ready]
    return replace(broker, queues=tuple(kept))


async def _tested(look: _Look, survey: Survey) -> Survey:
    task = choose_task(look.questions.task, look.registered)
    names = list(look.questions.queues) or sorted(
        {name for worker in survey.workers for name in worker.queues} or set(look.names)
    )
    seconds = max(0.2, look.budget.left - 0.3)

    def test() -> tuple[RoundTrip, ...]:
        return round_trips(look.target.celery(), task, names, seconds)

    try:
        trips = await in_thread(test, look.budget.left + 0.2)
    except TimeoutError:
        trips = not_back(names, task, seconds)
    return replace(survey, trips=trips)


async def _redis(look: _Look) -> RedisServer | None:
    budget = min(1.0, look.budget.left / 2)
    prefix = look.target.naming.key_prefix
    try:
        async with asyncio.timeout(look.budget.left):
            return await read_redis_server(look.target.broker_url, key_prefix=prefix, budget_seconds=budget)
    except TimeoutError:
        return None
