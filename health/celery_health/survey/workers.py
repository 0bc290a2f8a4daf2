"""Finds the workers: those that answer remote control, and those that only the broker shows."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from celery_health.broker import BrokerReader, BrokerReading
from celery_health.survey.budget import Budget
from celery_health.survey.check_run import CheckRun, read_broker
from celery_health.survey.evidence import broker_clients
from celery_health.survey.evidence.broker_clients import BrokerClients
from celery_health.survey.evidence.broker_refusal import broker_refusal
from celery_health.survey.evidence.reading import read_clients, read_listeners
from celery_health.survey.evidence.redis_clients import other_listeners, with_proven_waiting
from celery_health.survey.finding_queues import read_until_found
from celery_health.survey.remote_control import RemoteControlReplies, inspect_workers, rate_limited_workers
from celery_health.survey.snapshot import TOO_SLOW, Snapshot
from celery_health.threads import run_in_thread
from celery_health.verdicts.text import counted
from celery_health.verdicts.worker_snapshot import WorkerSnapshot

# Workers answer at once, but the main loop of one may be busy for a moment.
_REMOTE_CONTROL_SHARE, _REMOTE_CONTROL_SECONDS = 0.4, 1.0
# How long, and how often, clients that wait for messages are counted. A worker's BRPOP lasts a second, and
# a worker or a machine may stand still for a while: a check with more time waits longer.
_COUNTING_SHARE, _COUNTING_SECONDS, _COUNTING_INTERVAL_SECONDS = 0.3, 1.5, 0.1

# Long enough for a worker to take a message from a queue that it consumes.
_SECOND_READING_SECONDS = 1.0


async def add_workers(run: CheckRun, reader: BrokerReader, snapshot: Snapshot) -> Snapshot:
    """The snapshot with the workers in it."""
    clients = await read_listeners(run.connection, run.budget)
    replies = await _inspect(run, clients)
    if not replies.workers and (refusal := await broker_refusal(run.connection, run.budget)):
        return replace(snapshot, broker=replace(refusal, queues=snapshot.broker.queues))
    run.registered_tasks = replies.registered_tasks
    run.private_queues = replies.private_queues
    _note_queues(run, replies.workers)
    # The monitor finds the queues of a large Redis with a reader that stays.
    finds = run.options.shared_broker and not run.options.queues
    seconds = run.budget.left / 3 if finds else 0.0
    broker = _proven_by(replies, await read_until_found(lambda: read_broker(run, reader), seconds))
    answered = replies.workers
    others: int | None = 0
    if run.connection.broker.kind.is_redis:
        answered = await _with_rate_limited(run, answered, broker)
        idle = broker_clients.idle_workers(answered)
        expected = broker_clients.count_of(answered, idle) if answered else 1
        clients = await with_proven_waiting(run.connection, clients, expected, run.budget)
        if not answered and _others_explain(run, clients):
            others = await other_listeners(run.connection, run.budget)
            if clients.waiting:
                waiting = None if others is None else max(0, clients.waiting - others)
                clients = replace(clients, waiting=waiting)
    answered = await _with_copies(run, reader, answered, broker)
    workers, deaf_count = await _find_deaf(run, clients, answered, broker, replies.started)
    broker, not_shrinking = await _read_again(run, reader, broker, workers)
    unresponsive = broker_clients.unresponsive_workers(clients, workers, broker)
    error = replies.error
    if run.connection.broker.kind.is_redis and not workers and not unresponsive:
        error = error or _why_none_is_no_proof(clients, others)
    # Without the application its own workers may be among them.
    unclear = others or 0 if run.connection.app is None else 0
    return replace(
        snapshot,
        broker=_without_unused_default(broker, run, workers),
        workers=workers,
        workers_at=replies.at,
        # SQS and its like have no remote control: no answer means nothing there.
        workers_known=broker.reachable is True and error is None and not unresponsive and not unclear,
        listening_otherwise=unclear,
        unresponsive=unresponsive,
        deaf_count=deaf_count,
        remote_control_error=error,
        started=replies.started,
        deaths=replies.deaths,
        not_shrinking=not_shrinking,
        asked_queues=run.asked_queues,
        eta_tasks=replies.eta_tasks,
    )


def _others_explain(run: CheckRun, clients: BrokerClients) -> bool:
    """Whether workers that listen under other settings would explain why none is found."""
    no_app = run.connection.app is None
    return run.options.shared_broker and clients.listeners == 0 and bool(no_app or clients.waiting)


def _proven_by(replies: RemoteControlReplies, broker: BrokerReading) -> BrokerReading:
    """The reading of a broker: one that carries the answers of workers is reachable."""
    if broker.reachable is not None or not replies.workers:
        return broker
    carries = f"The broker carries the answers of {counted(len(replies.workers), 'worker')}."
    return replace(broker, reachable=True, message=f"{carries} {broker.message}")


async def _with_copies(
    run: CheckRun, reader: BrokerReader, workers: tuple[WorkerSnapshot, ...], broker: BrokerReading
) -> tuple[WorkerSnapshot, ...]:
    """On RabbitMQ workers of one name share a queue of commands, so that one of them answers each command."""
    if not run.connection.broker.kind.is_amqp or not workers:
        return workers
    if not broker_clients.unresponsive_workers(BrokerClients(), workers, broker):
        return workers
    names = [f"{worker.name}.{run.connection.exchange}.pidbox" for worker in workers]
    try:
        async with asyncio.timeout(run.budget.left):
            reading = await reader.read(names)
    except TimeoutError:
        return workers
    consumers = {queue.name: queue.consumers or 1 for queue in reading.queues}
    return tuple(
        replace(worker, copies=max(worker.copies, consumers.get(name, 1)))
        for worker, name in zip(workers, names, strict=True)
    )


async def _with_rate_limited(
    run: CheckRun, workers: tuple[WorkerSnapshot, ...], broker: BrokerReading
) -> tuple[WorkerSnapshot, ...]:
    """With the tasks that wait for a rate limit, as far as they fill a worker."""
    full = broker_clients.possibly_full(workers, broker)
    if not full:
        return workers
    seconds = seconds_for_known_workers(run.budget)
    asked = [worker for worker in workers if worker.name in full]

    def ask() -> frozenset[str]:
        return rate_limited_workers(run.connection.celery(), seconds, asked)

    try:
        limited = await run_in_thread(ask, seconds)
    except Exception:  # without an answer it is unknown which workers are full
        return workers
    return broker_clients.filled(workers, full & limited)


async def _read_again(
    run: CheckRun, reader: BrokerReader, broker: BrokerReading, workers: Sequence[WorkerSnapshot]
) -> tuple[BrokerReading, frozenset[str]]:
    """A second reading, and the queues without a known consumer that did not get shorter since the first.

    A worker that is not known may be emptying such a queue: another application may share the broker.
    """
    before = _unconsumed(broker, workers)
    if not before:
        return broker, frozenset()
    await asyncio.sleep(min(_SECOND_READING_SECONDS, run.budget.left / 3))
    again = await read_broker(run, reader)
    if again.reachable is not True:
        return broker, frozenset()
    after = _unconsumed(again, workers)
    return again, frozenset(name for name in before if after.get(name, -1) >= before[name])


def _unconsumed(broker: BrokerReading, workers: Sequence[WorkerSnapshot]) -> dict[str, int]:
    """The ready messages of each queue that no known worker consumes."""
    consumed = {name for worker in workers for name in worker.queues}
    queues = (*broker.queues, *broker.other_queues)
    return {queue.name: queue.ready for queue in queues if queue.ready and queue.name not in consumed}


def _why_none_is_no_proof(clients: BrokerClients, others: int | None) -> str | None:
    if clients.listeners is None:
        return "no worker answers, and Redis does not show whether one listens to remote control"
    if others is None:
        return "no worker answers, and Redis does not show in time which other applications have workers"
    if clients.waiting is None:
        return "no worker listens to remote control, and Redis does not show who waits for messages"
    return None


def seconds_for_known_workers(budget: Budget) -> float:
    """How long to wait for workers whose number is known: the last answer ends the wait."""
    return min(max(_REMOTE_CONTROL_SECONDS, budget.seconds * _REMOTE_CONTROL_SHARE), budget.left)


async def _inspect(run: CheckRun, clients: BrokerClients) -> RemoteControlReplies:
    if not run.connection.remote_control:
        return RemoteControlReplies(error="the application sets worker_enable_remote_control = False")
    if clients.listeners == 0:
        return RemoteControlReplies()
    seconds = seconds_for_known_workers(run.budget)
    if clients.listeners is None:  # as long as Celery itself waits when the number of workers is unknown
        seconds = min(_REMOTE_CONTROL_SECONDS, run.budget.left)

    def inspect() -> RemoteControlReplies:
        tasks = run.options.test_tasks
        return inspect_workers(run.connection.celery(), seconds, expected=clients.listeners, tasks=tasks)

    try:
        return await run_in_thread(inspect, run.budget.left + 0.5)
    except TimeoutError:
        return RemoteControlReplies(error=TOO_SLOW)


async def _find_deaf(
    run: CheckRun,
    clients: BrokerClients,
    workers: tuple[WorkerSnapshot, ...],
    broker: BrokerReading,
    started: Mapping[str, int],
) -> tuple[tuple[WorkerSnapshot, ...], int]:
    """The workers with the deaf ones marked, and how many more are deaf without the broker showing which.

    ``started``: how many tasks each worker has started.
    """
    if run.connection.broker.kind.is_amqp:
        workers = broker_clients.marked_deaf(workers, broker_clients.deaf_on_rabbitmq(workers, broker))
        return workers, broker_clients.deaf_count_on_rabbitmq(workers, broker)
    idle = broker_clients.idle_workers(workers)
    idle_count = broker_clients.count_of(workers, idle)
    waiting = clients.waiting
    if waiting is None or waiting >= idle_count:
        return workers, 0
    # Between two waits a worker does not wait for a moment. Only one that never waits is deaf.
    seconds = max(_COUNTING_SECONDS, run.budget.seconds * _COUNTING_SHARE)
    counting = Budget(min(seconds, run.budget.left / 2))
    while waiting < idle_count and counting.left > counting.least:
        await asyncio.sleep(_COUNTING_INTERVAL_SECONDS)
        waiting = max(waiting, (await read_clients(run.connection, run.budget, publish=False)).waiting or 0)
    if waiting >= idle_count:
        return workers, 0
    # A worker may have started a task in the meantime.
    again = await _inspect(run, clients)
    idle &= broker_clients.idle_workers(again.workers)
    idle -= {name for name in idle if again.started.get(name, 0) > started.get(name, 0)}
    unclear = idle & broker_clients.possibly_full(workers, broker)
    if waiting == 0:
        workers = broker_clients.marked_unclear(workers, unclear)
        return broker_clients.marked_deaf(workers, idle - unclear), 0
    return workers, max(0, broker_clients.count_of(workers, idle - unclear) - waiting)


def _note_queues(run: CheckRun, workers: Sequence[WorkerSnapshot]) -> None:
    if not run.options.queues:
        consumed = (name for worker in workers for name in worker.queues)
        run.queue_names = list(dict.fromkeys([*run.queue_names, *consumed]))


def _without_unused_default(
    broker: BrokerReading, run: CheckRun, workers: Sequence[WorkerSnapshot]
) -> BrokerReading:
    """Without an application Celery's default queue is read; it is left out where no worker consumes it."""
    if run.options.queues or run.connection.queues:
        return broker
    consumed = {name for worker in workers for name in worker.queues}
    if not consumed:
        return broker
    kept = [queue for queue in broker.queues if queue.name in consumed or queue.ready]
    return replace(broker, queues=tuple(kept))
