"""The workers: asked by remote control, and held against what the broker shows of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from celery_health.broker import BrokerReader, BrokerReading
from celery_health.cli.survey import broker_clients
from celery_health.cli.survey.broker_clients import Signs
from celery_health.cli.survey.budget import Budget
from celery_health.cli.survey.remote_control import Answers, ask_workers
from celery_health.cli.survey.remote_control_listeners import nobody_hears_on_rabbitmq
from celery_health.cli.survey.snapshot import Survey
from celery_health.cli.survey.survey_run import Look, read
from celery_health.threads import run_in_thread
from celery_health.verdicts.worker_snapshot import WorkerSight

# What a server that answers at all needs; a worker's main loop may be busy for a moment.
_ASKING_SHARE, _ASKING_SECONDS = 0.4, 1.0
# For how long, and how often, it is watched who waits for messages: a worker's BRPOP lasts a second.
_WATCHING_SECONDS, _PAUSE_SECONDS = 1.5, 0.1


async def with_workers(look: Look, reader: BrokerReader, survey: Survey) -> Survey:
    """The survey with the workers: those that answer, and those of whom the broker alone knows."""
    signs = await _signs(look, call=True)
    answers = await _asked(look, signs)
    look.registered = answers.registered
    _note_queues(look, answers.workers)
    # A Redis shows queues that nobody asked for from its third look on.
    await read(look, reader)
    broker = await read(look, reader)
    workers, deaf = await _deaf(look, signs, answers.workers, broker)
    silent = broker_clients.silent_workers(signs, workers, broker)
    failure = answers.failure
    if look.target.broker.kind.is_redis and signs.waiting is None and not workers and not silent:
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


async def _signs(look: Look, *, call: bool) -> Signs:
    kind = look.target.broker.kind
    try:
        if kind.is_redis:
            signs = broker_clients.redis_signs(look.target, call=call)
            return await asyncio.wait_for(signs, look.budget.left)
        if kind.is_amqp and call:
            return await _rabbit_signs(look)
    except TimeoutError:
        pass
    return Signs()


async def _rabbit_signs(look: Look) -> Signs:
    seconds = min(_ASKING_SECONDS, look.budget.left)

    def nobody() -> bool:
        return nobody_hears_on_rabbitmq(look.target.celery(), look.target.exchange, seconds)

    try:
        return Signs(hearing=0) if await run_in_thread(nobody, seconds) else Signs()
    except TimeoutError:
        raise
    except Exception:  # whatever a broker does not let us do leaves us without this sign
        return Signs()


async def _asked(look: Look, signs: Signs) -> Answers:
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
        return await run_in_thread(ask, look.budget.left + 0.5)
    except TimeoutError:
        return Answers(failure="remote control does not end in time")


async def _deaf(
    look: Look, signs: Signs, workers: tuple[WorkerSight, ...], broker: BrokerReading
) -> tuple[tuple[WorkerSight, ...], int]:
    """The workers as the broker sees them, and how many more of them are deaf."""
    if look.target.broker.kind.is_amqp:
        workers = broker_clients.without_ears(workers, broker_clients.deaf_on_rabbitmq(workers, broker))
        return workers, broker_clients.lacking_on_rabbitmq(workers, broker)
    idle = broker_clients.waiting_workers(workers)
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
    idle &= broker_clients.waiting_workers((await _asked(look, signs)).workers)
    if most == 0:
        return broker_clients.without_ears(workers, idle), 0
    return workers, max(0, len(idle) - most)


def _note_queues(look: Look, workers: Sequence[WorkerSight]) -> None:
    if not look.questions.queues:
        look.names = list(dict.fromkeys([*look.names, *(one for worker in workers for one in worker.queues)]))


def _without_guess(broker: BrokerReading, look: Look, workers: Sequence[WorkerSight]) -> BrokerReading:
    """Without an application Celery's usual queue is looked at; where nobody uses it, it is not told."""
    if look.questions.queues or look.target.queues:
        return broker
    read = {name for worker in workers for name in worker.queues}
    if not read:
        return broker
    kept = [queue for queue in broker.queues if queue.name in read or queue.ready]
    return replace(broker, queues=tuple(kept))
