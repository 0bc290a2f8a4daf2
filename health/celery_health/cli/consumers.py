"""What a broker shows of workers: who listens to remote control, and who waits for messages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from celery_health.broker import BrokerReading
from celery_health.cli.target import Target
from celery_health.fleet.sights import WorkerSight


@dataclass(frozen=True, slots=True)
class RedisClients:
    """What a Redis shows of workers; each None where the server's user may not ask.

    ``names``: workers that ever bound a queue for remote control and did not unbind it: those that live, and
    those that were killed. ``listening``: connections that listen to remote control or events now.
    ``waiting``: connections that wait for messages now; a worker waits on one, and on none while it is full.
    """

    names: frozenset[str] | None = None
    listening: int | None = None
    waiting: int | None = None

    @property
    def expected(self) -> int | None:
        """How many workers will answer at most; None where that is not known."""
        if not self.names or not self.listening:
            return None
        return min(len(self.names), self.listening)

    @property
    def nobody(self) -> bool:
        """No connection looks like a worker's."""
        return self.listening == 0 and self.waiting == 0


async def redis_clients(target: Target) -> RedisClients:
    """One look. Never raises: what cannot be asked is not known."""
    from redis.exceptions import RedisError  # noqa: PLC0415

    from celery_health.readers.redis_client import RedisConnection  # noqa: PLC0415

    connection = RedisConnection(target.broker)
    bindings = f"{target.naming.key_prefix}_kombu.binding.{target.exchange}.pidbox"
    try:
        pipeline = connection.client().pipeline(transaction=False)
        pipeline.execute_command("SMEMBERS", bindings)
        pipeline.execute_command("CLIENT LIST")
        bound, clients = await pipeline.execute(raise_on_error=False)
    except (RedisError, OSError, ValueError):
        return RedisClients()
    finally:
        await connection.close()
    found = counted(clients, target.broker.database or 0) if isinstance(clients, list) else RedisClients()
    return (
        found if isinstance(bound, Exception) else replace(found, names=bound_names(bound, target.exchange))
    )


def bound_names(bindings: Iterable[bytes], exchange: str) -> frozenset[str]:
    """Each binding ends with the name of a queue: ``WORKER.celery.pidbox``."""
    queues = [binding.decode(errors="replace").rsplit("\x16", 1)[-1] for binding in bindings]
    ending = f".{exchange}.pidbox"
    return frozenset(queue.removesuffix(ending) for queue in queues if queue.endswith(ending))


def counted(clients: Sequence[Mapping[str, str]], database: int) -> RedisClients:
    """Of the connections to this database."""
    here = [client for client in clients if client.get("db") == str(database)]
    return RedisClients(
        listening=sum(client.get("sub", "0") != "0" or client.get("psub", "0") != "0" for client in here),
        # "b": blocked in it at this moment, not merely the last thing it did.
        waiting=sum(
            client.get("cmd", "").lower() == "brpop" and "b" in client.get("flags", "") for client in here
        ),
    )


def with_redis_evidence(
    workers: Sequence[WorkerSight], looks: Sequence[RedisClients]
) -> tuple[WorkerSight, ...]:
    """Workers that could take messages, while in no look anybody waits for any, are deaf."""
    known = [look.waiting for look in looks if look.waiting is not None]
    if len(known) < 2 or any(known):
        return tuple(workers)
    return tuple(
        replace(worker, consuming=False) if worker.consuming and _idle(worker) else worker
        for worker in workers
    )


def with_rabbit_evidence(workers: Sequence[WorkerSight], broker: BrokerReading) -> tuple[WorkerSight, ...]:
    """A worker of whose queues none has a consumer is deaf."""
    consumers = {queue.name: queue.consumers for queue in broker.queues}
    return tuple(
        replace(worker, consuming=False)
        if worker.consuming and all(consumers.get(name) == 0 for name in worker.queues)
        else worker
        for worker in workers
    )


def _idle(worker: WorkerSight) -> bool:
    """It runs nothing and is not full: then it waits for messages all the time."""
    return worker.active_count == 0 and worker.takes_more is True
