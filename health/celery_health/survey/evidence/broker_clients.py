"""What the broker shows of workers: those that listen to remote control, and those that wait for messages."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from celery_health.broker import BrokerReading
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.evidence.listeners import redis_command, redis_topic
from celery_health.verdicts.worker_snapshot import WorkerSnapshot
from celery_health.wire.names import MONITOR_CLIENT

CHECK_CLIENT = "celery-operator-check"
"""The name of the connections with which a check proves what Redis shows. They are no workers."""


@dataclass(frozen=True, slots=True)
class BrokerClients:
    """Numbers of the broker's clients at one time. None where the broker does not show it.

    ``listeners``: workers that receive remote control commands. ``bound_workers``: names of workers that
    have bound a queue for remote control, also of those that were killed since. ``subscribers``: connections
    that receive remote control commands or events, Flower's too. ``waiting``: connections that wait for
    messages. A worker waits on one connection, and on none while it is full.
    """

    listeners: int | None = None
    bound_workers: frozenset[str] | None = None
    subscribers: int | None = None
    waiting: int | None = None


async def redis_clients(connection: AppConnection, *, publish: bool) -> BrokerClients:
    """Read them once from Redis. Never raises: what cannot be read is None.

    ``publish``: also publish a command that no worker obeys, which counts the listeners.
    """
    from redis.exceptions import RedisError  # noqa: PLC0415

    from celery_health.readers.redis.connection import RedisConnection  # noqa: PLC0415

    redis = RedisConnection(connection.broker)
    try:
        pipeline = redis.client().pipeline(transaction=False)
        pipeline.execute_command("CLIENT LIST")
        if publish:
            bindings = f"{connection.naming.key_prefix}_kombu.binding.{connection.exchange}.pidbox"
            pipeline.execute_command("SMEMBERS", bindings)
            pipeline.execute_command("PUBLISH", topic_of(connection), redis_command(connection.exchange))
        connected, *published = await pipeline.execute(raise_on_error=False)
    except (RedisError, OSError, ValueError):
        return BrokerClients()
    finally:
        await redis.close()
    return _clients(connected, published, connection)


def _clients(connected: Any, published: Sequence[Any], connection: AppConnection) -> BrokerClients:
    database, exchange = connection.broker.database or 0, connection.exchange
    clients = count_clients(connected, database) if isinstance(connected, list) else BrokerClients()
    if not published:
        return clients
    bindings, receivers = published
    monitors = _monitors(connected, connection) if isinstance(connected, list) else 0
    return replace(
        clients,
        bound_workers=bound_workers(bindings, exchange) if isinstance(bindings, set | list) else None,
        listeners=max(0, receivers - monitors) if isinstance(receivers, int) else None,
    )


def _monitors(connected: Sequence[Mapping[str, str]], connection: AppConnection) -> int:
    """Monitors, and other checks at this moment, that listen to remote control. They are no workers."""
    name = MONITOR_CLIENT + topic_of(connection)
    monitors = sum(client.get("name") == name and client.get("sub", "0") != "0" for client in connected)
    checks = (client for client in connected if client.get("name") == CHECK_CLIENT)
    return monitors + sum(client.get("psub", "0") != "0" for client in checks)


def topic_of(connection: AppConnection) -> str:
    """The Redis channel of the application's remote control."""
    database, prefix = connection.broker.database or 0, connection.naming.key_prefix
    return redis_topic(connection.fanout_prefix, database, connection.exchange, prefix)


def bound_workers(bindings: Iterable[bytes], exchange: str) -> frozenset[str]:
    """The workers' names. Each binding ends with the name of a queue: ``WORKER.celery.pidbox``."""
    queues = [binding.decode(errors="replace").rsplit("\x16", 1)[-1] for binding in bindings]
    ending = f".{exchange}.pidbox"
    return frozenset(queue.removesuffix(ending) for queue in queues if queue.endswith(ending))


def count_clients(connected: Sequence[Mapping[str, str]], database: int) -> BrokerClients:
    """The subscribers and the waiting clients of this database, from the answer to CLIENT LIST.

    What the answer has no field for is None: it is not zero.
    """
    if not _have(connected, "db"):
        return BrokerClients()
    here = [
        client for client in connected if client["db"] == str(database) and client.get("name") != CHECK_CLIENT
    ]
    subscribers = sum(client.get("sub", "0") != "0" or client.get("psub", "0") != "0" for client in here)
    return BrokerClients(
        subscribers=subscribers if _have(connected, "sub", "psub") else None,
        waiting=sum(map(waits, here)) if _have(connected, "cmd", "flags") else None,
    )


def waits(client: Mapping[str, str]) -> bool:
    """Whether this client of CLIENT LIST waits for messages now. "cmd" alone names only its last command."""
    return client.get("cmd", "").lower() == "brpop" and "b" in client.get("flags", "")


def _have(connected: Sequence[Mapping[str, str]], *fields: str) -> bool:
    """Whether the server shows these fields: servers that are compatible with Redis may lack some."""
    return all(field in client for client in connected for field in fields)


@dataclass(frozen=True, slots=True)
class UnresponsiveWorkers:
    """Workers that the broker shows and that did not answer. ``names``: those that it may be."""

    count: int = 0
    names: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.count > 0


def unresponsive_workers(
    clients: BrokerClients, workers: Sequence[WorkerSnapshot], broker: BrokerReading
) -> UnresponsiveWorkers:
    """The workers that the broker shows, besides those that answered (``workers``)."""
    answered = sum(worker.copies for worker in workers)
    if clients.listeners is not None and clients.listeners > answered:
        names = (clients.bound_workers or frozenset()) - {worker.name for worker in workers}
        return UnresponsiveWorkers(clients.listeners - answered, tuple(sorted(names)))
    # A worker without remote control still waits for messages.
    if not workers and (clients.waiting or _has_full_worker(clients, broker)):
        return UnresponsiveWorkers(1)
    surplus_consumers = [
        (queue.consumers or 0) - sum(worker.copies for worker in workers if queue.name in worker.queues)
        for queue in broker.queues
    ]
    return UnresponsiveWorkers(max([0, *surplus_consumers]))


def _has_full_worker(clients: BrokerClients, broker: BrokerReading) -> bool:
    """A full worker waits for no messages. It listens to events, and has unacknowledged messages."""
    return bool(clients.subscribers and broker.unacked is not None and broker.unacked.count)


def count_of(workers: Iterable[WorkerSnapshot], names: Collection[str]) -> int:
    """How many workers have these names. Several may have the same one."""
    return sum(worker.copies for worker in workers if worker.name in names)


def idle_workers(workers: Iterable[WorkerSnapshot]) -> frozenset[str]:
    """The consuming workers that run no task and are not full. They wait for messages all the time.

    A worker that gets broadcasts alone waits for no message of a queue.
    """
    return frozenset(
        worker.name
        for worker in workers
        if worker.consuming and worker.queues and worker.active_count == 0 and worker.takes_more is True
    )


def possibly_full(workers: Sequence[WorkerSnapshot], broker: BrokerReading) -> frozenset[str]:
    """The workers of ``idle_workers`` that unacknowledged messages of Redis may fill.

    Remote control does not show a message that waits for a rate limit, or in a buffer of the application.
    Redis does not show which worker has it, so as many workers as possible are named.
    """
    if broker.unacked is None:
        return frozenset()
    hidden = broker.unacked.count - sum(worker.waiting for worker in workers)
    idle = idle_workers(workers)
    found = set()
    for room, name in sorted((worker.room or 0, worker.name) for worker in workers if worker.name in idle):
        if 0 < room <= hidden:
            hidden -= room
            found.add(name)
    return frozenset(found)


def filled(workers: Sequence[WorkerSnapshot], full: Collection[str]) -> tuple[WorkerSnapshot, ...]:
    """The workers, with those of these names as full of reserved tasks."""
    return tuple(
        replace(worker, reserved=worker.reserved + (worker.room or 0)) if worker.name in full else worker
        for worker in workers
    )


def marked_unclear(workers: Sequence[WorkerSnapshot], names: Collection[str]) -> tuple[WorkerSnapshot, ...]:
    """The workers, with those of these names as workers of which it is unknown whether they consume."""
    return tuple(replace(worker, consuming=None) if worker.name in names else worker for worker in workers)


def marked_deaf(workers: Sequence[WorkerSnapshot], deaf: Iterable[str]) -> tuple[WorkerSnapshot, ...]:
    """The workers, with those of these names as not consuming."""
    names = frozenset(deaf)
    return tuple(replace(worker, consuming=False) if worker.name in names else worker for worker in workers)


def deaf_on_rabbitmq(workers: Sequence[WorkerSnapshot], broker: BrokerReading) -> frozenset[str]:
    """The workers none of whose queues has a consumer."""
    consumers = {queue.name: queue.consumers for queue in broker.queues}
    return frozenset(
        worker.name
        for worker in workers
        if worker.consuming and worker.queues and all(consumers.get(name) == 0 for name in worker.queues)
    )


def deaf_count_on_rabbitmq(workers: Sequence[WorkerSnapshot], broker: BrokerReading) -> int:
    """How many workers of a queue are not among its consumers. RabbitMQ does not show which."""
    missing = [
        sum(worker.copies for worker in workers if worker.consuming and queue.name in worker.queues)
        - queue.consumers
        for queue in broker.queues
        if queue.consumers is not None
    ]
    return max([0, *missing])
