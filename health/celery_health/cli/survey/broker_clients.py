"""What a broker shows of workers: who hears remote control, and who waits for messages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from celery_health.broker import BrokerReading
from celery_health.cli.survey.app_connection import Target
from celery_health.cli.survey.remote_control_listeners import redis_command, redis_topic
from celery_health.verdicts.worker_snapshot import WorkerSight


@dataclass(frozen=True, slots=True)
class Signs:
    """What a broker shows of workers; each None where it does not tell, or its user may not ask.

    ``hearing``: workers that hear remote control now. ``names``: workers that ever bound a queue for it and
    did not unbind it: those that live, and those that were killed. ``listening``: connections that listen to
    remote control or events now, Flower's too. ``waiting``: connections that wait for messages now; a worker
    waits on one, and on none while it is full.
    """

    hearing: int | None = None
    names: frozenset[str] | None = None
    listening: int | None = None
    waiting: int | None = None


async def redis_signs(target: Target, *, call: bool) -> Signs:
    """One look. ``call``: find out who hears remote control. Never raises: what is not told is None."""
    from redis.exceptions import RedisError  # noqa: PLC0415

    from celery_health.readers.redis.connection import RedisConnection  # noqa: PLC0415

    database, prefix = target.broker.database or 0, target.naming.key_prefix
    connection = RedisConnection(target.broker)
    try:
        pipeline = connection.client().pipeline(transaction=False)
        pipeline.execute_command("CLIENT LIST")
        if call:
            topic = redis_topic(target.fanout_prefix, database, target.exchange, prefix)
            pipeline.execute_command("SMEMBERS", f"{prefix}_kombu.binding.{target.exchange}.pidbox")
            pipeline.execute_command("PUBLISH", topic, redis_command(target.exchange))
        clients, *called = await pipeline.execute(raise_on_error=False)
    except (RedisError, OSError, ValueError):
        return Signs()
    finally:
        await connection.close()
    return _signs(clients, called, database, target.exchange)


def _signs(clients: Any, called: Sequence[Any], database: int, exchange: str) -> Signs:
    signs = counted(clients, database) if isinstance(clients, list) else Signs()
    if not called:
        return signs
    bound, heard = called
    return replace(
        signs,
        names=bound_names(bound, exchange) if isinstance(bound, set | list) else None,
        hearing=heard if isinstance(heard, int) else None,
    )


def bound_names(bindings: Iterable[bytes], exchange: str) -> frozenset[str]:
    """Each binding ends with the name of a queue: ``WORKER.celery.pidbox``."""
    queues = [binding.decode(errors="replace").rsplit("\x16", 1)[-1] for binding in bindings]
    ending = f".{exchange}.pidbox"
    return frozenset(queue.removesuffix(ending) for queue in queues if queue.endswith(ending))


def counted(clients: Sequence[Mapping[str, str]], database: int) -> Signs:
    """Of the connections to this database."""
    here = [client for client in clients if client.get("db") == str(database)]
    return Signs(
        listening=sum(client.get("sub", "0") != "0" or client.get("psub", "0") != "0" for client in here),
        # "b": blocked in it at this moment, not merely the last thing it did.
        waiting=sum(
            client.get("cmd", "").lower() == "brpop" and "b" in client.get("flags", "") for client in here
        ),
    )


@dataclass(frozen=True, slots=True)
class Silent:
    """Workers that the broker shows and that did not answer. ``names``: those that it may be."""

    count: int = 0
    names: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.count > 0


def silent_workers(signs: Signs, workers: Sequence[WorkerSight], broker: BrokerReading) -> Silent:
    """Who is there by the broker's word, and says nothing."""
    if signs.hearing is not None and signs.hearing > len(workers):
        names = (signs.names or frozenset()) - {worker.name for worker in workers}
        return Silent(signs.hearing - len(workers), tuple(sorted(names)))
    # Without remote control a worker still waits for messages.
    if not workers and (signs.waiting or _holds_messages(signs, broker)):
        return Silent(1)
    unexplained = [
        (queue.consumers or 0) - sum(queue.name in worker.queues for worker in workers)
        for queue in broker.queues
    ]
    return Silent(max([0, *unexplained]))


def _holds_messages(signs: Signs, broker: BrokerReading) -> bool:
    """A worker that is full waits for nothing; it listens to events, and messages are out."""
    return bool(signs.listening and broker.unacked is not None and broker.unacked.count)


def waiting_workers(workers: Iterable[WorkerSight]) -> frozenset[str]:
    """Who runs nothing and is not full: then it waits for messages all the time."""
    return frozenset(
        worker.name
        for worker in workers
        if worker.consuming and worker.active_count == 0 and worker.takes_more is True
    )


def without_ears(workers: Sequence[WorkerSight], deaf: Iterable[str]) -> tuple[WorkerSight, ...]:
    """The workers, of which these take no messages."""
    names = frozenset(deaf)
    return tuple(replace(worker, consuming=False) if worker.name in names else worker for worker in workers)


def deaf_on_rabbitmq(workers: Sequence[WorkerSight], broker: BrokerReading) -> frozenset[str]:
    """A worker of whose queues none has a consumer is deaf."""
    consumers = {queue.name: queue.consumers for queue in broker.queues}
    return frozenset(
        worker.name
        for worker in workers
        if worker.consuming and all(consumers.get(name) == 0 for name in worker.queues)
    )


def lacking_on_rabbitmq(workers: Sequence[WorkerSight], broker: BrokerReading) -> int:
    """How many workers that read a queue are not among its consumers: which ones, RabbitMQ does not tell."""
    lacking = [
        sum(queue.name in worker.queues for worker in workers if worker.consuming) - queue.consumers
        for queue in broker.queues
        if queue.consumers is not None
    ]
    return max([0, *lacking])
