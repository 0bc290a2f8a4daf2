"""Finds the workers: those that answer remote control, and those that only the broker shows."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from celery_health.broker import BrokerReader, BrokerReading
from celery_health.survey import broker_clients
from celery_health.survey.broker_clients import BrokerClients
from celery_health.survey.budget import Budget
from celery_health.survey.check_run import CheckRun, read_broker
from celery_health.survey.redis_evidence import with_proven_listeners, with_proven_waiting
from celery_health.survey.remote_control import RemoteControlReplies, inspect_workers
from celery_health.survey.remote_control_listeners import has_no_listener_on_rabbitmq
from celery_health.survey.snapshot import Snapshot
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
    clients = await _broker_clients(run, publish=True)
    if run.connection.broker.kind.is_redis:
        clients = await with_proven_listeners(run.connection, clients, run.budget)
    replies = await _inspect(run, clients)
    run.registered_tasks = replies.registered_tasks
    run.private_queues = replies.private_queues
    _note_queues(run, replies.workers)
    # A Redis reader has found all queues, also those not asked for, at its third read.
    await read_broker(run, reader)
    broker = _proven_by(replies, await read_broker(run, reader))
    if run.connection.broker.kind.is_redis:
        idle = broker_clients.idle_workers(replies.workers)
        expected = broker_clients.count_of(replies.workers, idle) if replies.workers else 1
        clients = await with_proven_waiting(run.connection, clients, expected, run.budget)
    answered = await _with_copies(run, reader, replies.workers, broker)
    workers, deaf_count = await _find_deaf(run, clients, answered, broker)
    broker, not_shrinking = await _read_again(run, reader, broker, workers)
    unresponsive = broker_clients.unresponsive_workers(clients, workers, broker)
    error = replies.error
    if run.connection.broker.kind.is_redis and not workers and not unresponsive:
        error = error or _why_none_is_no_proof(clients)
    return replace(
        snapshot,
        broker=_without_unused_default(broker, run, workers),
        workers=workers,
        workers_at=replies.at,
        # SQS and its like have no remote control: no answer means nothing there.
        workers_known=broker.reachable is True and error is None and not unresponsive,
        unresponsive=unresponsive,
        deaf_count=deaf_count,
        remote_control_error=error,
        started=replies.started,
        not_shrinking=not_shrinking,
        eta_tasks=replies.eta_tasks,
    )


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


def _why_none_is_no_proof(clients: BrokerClients) -> str | None:
    if clients.listeners is None:
        return "no worker answers, and Redis does not show whether one listens to remote control"
    if clients.waiting is None:
        return "no worker listens to remote control, and Redis does not show who waits for messages"
    return None


async def _broker_clients(run: CheckRun, *, publish: bool) -> BrokerClients:
    kind = run.connection.broker.kind
    try:
        if kind.is_redis:
            clients = broker_clients.redis_clients(run.connection, publish=publish)
            return await asyncio.wait_for(clients, run.budget.left)
        if kind.is_amqp and publish:
            return await _rabbitmq_clients(run)
    except TimeoutError:
        pass
    return BrokerClients()


async def _rabbitmq_clients(run: CheckRun) -> BrokerClients:
    seconds = min(_REMOTE_CONTROL_SECONDS, run.budget.left)

    def has_no_listener() -> bool:
        return has_no_listener_on_rabbitmq(run.connection.celery(), run.connection.exchange, seconds)

    try:
        none_listens = await run_in_thread(has_no_listener, seconds)
    except TimeoutError:
        raise
    except Exception:  # a missing permission or another error: the number stays unknown
        return BrokerClients()
    return BrokerClients(listeners=0) if none_listens else BrokerClients()


async def _inspect(run: CheckRun, clients: BrokerClients) -> RemoteControlReplies:
    if not run.connection.remote_control:
        return RemoteControlReplies(error="the application sets worker_enable_remote_control = False")
    if clients.listeners == 0:
        return RemoteControlReplies()
    seconds = max(_REMOTE_CONTROL_SECONDS, run.budget.seconds * _REMOTE_CONTROL_SHARE)
    if clients.listeners is None:
        seconds = (
            _REMOTE_CONTROL_SECONDS  # as long as Celery itself waits when the number of workers is unknown
        )
    seconds = min(seconds, run.budget.left)

    def inspect() -> RemoteControlReplies:
        tasks = run.options.test_tasks
        return inspect_workers(run.connection.celery(), seconds, expected=clients.listeners, tasks=tasks)

    try:
        return await run_in_thread(inspect, run.budget.left + 0.5)
    except TimeoutError:
        return RemoteControlReplies(error="remote control does not end in time")


async def _find_deaf(
    run: CheckRun, clients: BrokerClients, workers: tuple[WorkerSnapshot, ...], broker: BrokerReading
) -> tuple[tuple[WorkerSnapshot, ...], int]:
    """The workers with the deaf ones marked, and how many more are deaf without the broker showing which."""
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
        waiting = max(waiting, (await _broker_clients(run, publish=False)).waiting or 0)
    if waiting >= idle_count:
        return workers, 0
    # A worker may have started a task in the meantime.
    idle &= broker_clients.idle_workers((await _inspect(run, clients)).workers)
    if waiting == 0:
        return broker_clients.marked_deaf(workers, idle), 0
    return workers, max(0, broker_clients.count_of(workers, idle) - waiting)


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
