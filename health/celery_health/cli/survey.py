"""One look at everything, within its budget: the broker, the workers, the result store, test tasks."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from celery_health.broker import BrokerReader, BrokerReading, BrokerReason
from celery_health.cli import consumers
from celery_health.cli.budget import Budget, in_thread
from celery_health.cli.consumers import Signs, Silent
from celery_health.cli.knock import knock
from celery_health.cli.remote_control import nobody_hears_on_rabbitmq
from celery_health.cli.round_trip import RoundTrip, choose_task, not_back, round_trips
from celery_health.cli.target import Target
from celery_health.control import Answers, ask_workers
from celery_health.fleet.sights import WorkerSight
from celery_health.readers import reader_for
from celery_health.readers.redis_server import RedisServer, read_redis_server
from celery_health.stores import ping_store
from celery_health.urls import UrlError, parse

DEFAULT_QUEUE = "celery"
# What a server that answers at all needs; a worker's main loop may be busy for a moment.
_ASKING_SHARE, _ASKING_SECONDS = 0.4, 1.0
# For how long, and how often, it is watched who waits for messages: a worker's BRPOP lasts a second.
_WATCHING_SECONDS, _PAUSE_SECONDS = 1.5, 0.1
# A server that takes no messages for these reasons tells about itself all the same.
_STILL_TELLS = frozenset({BrokerReason.OUT_OF_MEMORY, BrokerReason.READ_ONLY})


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

    ``silent``: workers that the broker shows, and that did not answer. ``deaf``: how many of those that
    answered wait for no message, where nothing tells which. ``control_failure``: why nobody could be asked.
    ``begun``: how many tasks each worker has begun. ``at`` is Unix time.
    """

    at: float
    broker: BrokerReading
    workers: tuple[WorkerSight, ...] = ()
    workers_known: bool = False
    silent: Silent = Silent()  # noqa: RUF009 (frozen)
    deaf: int = 0
    control_failure: str | None = None
    begun: Mapping[str, int] = field(default_factory=dict)
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
    closed = await knock(look.target.broker, look.budget.left)
    broker = _without_host(look, closed) if closed else await _read(look, reader)
    survey = Survey(time.time(), broker)
    # Of a broker that does not answer nobody can be asked through it.
    if _can_be_asked(look, broker):
        survey = await _workers(look, reader, survey)
    survey = replace(survey, store=await store)
    if look.questions.test_tasks and broker.reachable is not False:
        survey = await _tested(look, survey)
    if look.questions.check_redis and look.target.broker.kind.is_redis:
        survey = replace(survey, redis=await _redis(look, broker))
    return survey


def _without_host(look: _Look, closed: BrokerReading) -> BrokerReading:
    """Often a variable was empty that should have been the host."""
    if urlsplit(look.target.broker_url).hostname:
        return closed
    return replace(closed, message=f"{closed.message} The URL names no host, so localhost is meant.")


def _can_be_asked(look: _Look, broker: BrokerReading) -> bool:
    """Where the URL itself does not lead to the broker, an application may still know more than the URL."""
    undecided = broker.reason in {BrokerReason.TLS_FAILED, BrokerReason.URL_INVALID}
    half_a_url = look.target.broker.kind.is_redis and broker.reason is BrokerReason.UNREADABLE_KIND
    return broker.reachable is not False and not half_a_url and (look.target.app is not None or not undecided)


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
    url = look.target.store_url
    if url is None:
        return None
    try:
        parsed = parse(url)
    except UrlError:
        return await ping_store(url, timeout=look.budget.left)
    return await knock(parsed, look.budget.left) or await ping_store(url, timeout=look.budget.left)


async def _workers(look: _Look, reader: BrokerReader, survey: Survey) -> Survey:
    signs = await _signs(look, call=True)
    answers = await _asked(look, signs)
    look.registered = answers.registered
    _note_queues(look, answers.workers)
    # A Redis shows queues that nobody asked for from its third look on.
    await _read(look, reader)
    broker = await _read(look, reader)
    workers, deaf = await _deaf(look, signs, answers.workers, broker)
    silent = consumers.silent_workers(signs, workers, broker)
    failure = answers.failure
    if look.target.broker.kind.is_redis and signs.waiting is None and not workers:
        failure = failure or "no worker hears remote control, and the Redis user may not use CLIENT LIST"
    return replace(
        survey,
        broker=_without_guess(broker, look, workers),
        workers=workers,
        # SQS and its like carry no remote control: silence there says nothing.
        workers_known=broker.reachable is True and failure is None and not silent,
        silent=silent,
        deaf=deaf,
        control_failure=failure,
        begun=answers.begun,
    )


async def _signs(look: _Look, *, call: bool) -> Signs:
    kind = look.target.broker.kind
    try:
        if kind.is_redis:
            return await asyncio.wait_for(consumers.redis_signs(look.target, call=call), look.budget.left)
        if kind.is_amqp and call:
            return await _rabbit_signs(look)
    except TimeoutError:
        pass
    return Signs()


async def _rabbit_signs(look: _Look) -> Signs:
    seconds = min(_ASKING_SECONDS, look.budget.left)

    def nobody() -> bool:
        return nobody_hears_on_rabbitmq(look.target.celery(), look.target.exchange, seconds)

    try:
        return Signs(hearing=0) if await in_thread(nobody, seconds) else Signs()
    except TimeoutError:
        raise
    except Exception:  # whatever a broker does not let us do leaves us without this sign
        return Signs()


async def _asked(look: _Look, signs: Signs) -> Answers:
    if not look.target.remote_control:
        return Answers(failure="the application sets worker_enable_remote_control = False")
    if signs.hearing == 0:
        return Answers()
    seconds = max(_ASKING_SECONDS, look.budget.seconds * _ASKING_SHARE)
    if signs.hearing is None:
        seconds = _ASKING_SECONDS  # nobody tells how many will answer: as long as Celery itself waits
    seconds = min(seconds, look.budget.left)

    def ask() -> Answers:
        tasks = look.questions.test_tasks
        return ask_workers(look.target.celery(), seconds, expected=signs.hearing, tasks=tasks)

    try:
        return await in_thread(ask, look.budget.left + 0.5)
    except TimeoutError:
        return Answers(failure="remote control does not end in time")


async def _deaf(
    look: _Look, signs: Signs, workers: tuple[WorkerSight, ...], broker: BrokerReading
) -> tuple[tuple[WorkerSight, ...], int]:
    """The workers as the broker sees them, and how many more of them are deaf."""
    if look.target.broker.kind.is_amqp:
        workers = consumers.without_ears(workers, consumers.deaf_on_rabbitmq(workers, broker))
        return workers, consumers.lacking_on_rabbitmq(workers, broker)
    idle = consumers.waiting_workers(workers)
    most = signs.waiting
    if most is None or most >= len(idle):
        return workers, 0
    # Between two waits a worker is on its way for a moment: only who never waits is deaf.
    until = Budget(min(_WATCHING_SECONDS, look.budget.left / 2))
    while most < len(idle) and until.left > until.least:
        await asyncio.sleep(_PAUSE_SECONDS)
        most = max(most, (await _signs(look, call=False)).waiting or 0)
    if most >= len(idle):
        return workers, 0
    # Meanwhile one may have begun a task.
    idle &= consumers.waiting_workers((await _asked(look, signs)).workers)
    if most == 0:
        return consumers.without_ears(workers, idle), 0
    return workers, max(0, len(idle) - most)


def _note_queues(look: _Look, workers: Sequence[WorkerSight]) -> None:
    if not look.questions.queues:
        look.names = list(dict.fromkeys([*look.names, *(one for worker in workers for one in worker.queues)]))


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


async def _redis(look: _Look, broker: BrokerReading) -> RedisServer | None:
    if broker.reachable is False and broker.reason not in _STILL_TELLS:
        return RedisServer(broker)
    budget = min(1.0, look.budget.left / 2)
    prefix = look.target.naming.key_prefix
    try:
        async with asyncio.timeout(look.budget.left):
            return await read_redis_server(look.target.broker_url, key_prefix=prefix, budget_seconds=budget)
    except TimeoutError:
        return None
