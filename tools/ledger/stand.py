"""The broker, the databases, the workers and the monitors of one comparison, as processes."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.ledger.processes import ROOT, Monitor, Worker
from tools.testbed.celery_versions import World
from tools.testbed.databases import postgres_server
from tools.testbed.servers import RabbitServer, RedisServer, Server, rabbit_server, redis_server
from tools.testbed.waiting import wait_for

START_SECONDS = 240.0
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
REDIS, RABBITMQ = "Redis", "RabbitMQ"


@dataclass(frozen=True)
class Plan:
    """What a stand consists of: each database has a monitor of its own, all at the same broker.

    ``workers``: the Celery version and the pool of each. ``kills`` of workers and ``restarts`` of the broker
    are spread over the run.
    """

    broker: str
    databases: tuple[str, ...]
    workers: tuple[tuple[World, str], ...]
    tasks: int
    kills: int = 0
    restarts: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Stand:
    """What runs. ``broker_url`` and ``result_url`` are for a sender, ``ledger_url`` for the ledger."""

    broker: Server
    broker_url: str
    result_url: str
    ledger_url: str
    workers: tuple[Worker, ...]
    monitors: tuple[Monitor, ...]

    @property
    def loses_popped_messages(self) -> bool:
        """Whether a killed worker may take a message with it that the broker has handed out (Redis)."""
        return isinstance(self.broker, RedisServer)


@contextmanager
def stand(folder: Path, plan: Plan) -> Iterator[Stand]:
    """Start everything, and end it with the block."""
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(folder / "redis"))
        broker: RedisServer | RabbitServer = redis
        if plan.broker == RABBITMQ:
            broker = stack.enter_context(rabbit_server(folder / "rabbitmq"))
        paths = os.pathsep.join(str(ROOT / part) for part in ("health", "monitor", "."))
        environment = {
            **os.environ,
            "CELERY_BROKER_URL": broker.url,
            "CELERY_RESULT_BACKEND": redis.database(1),
            "LEDGER_URL": redis.database(2),
            "PYTHONPATH": paths,
        }
        monitors = []
        for database in plan.databases:
            url = f"sqlite:///{folder / 'history.sqlite3'}"
            if database == POSTGRESQL:
                url = stack.enter_context(postgres_server()).database()
            monitor = Monitor(database, folder, [sys.executable, "-m", "celery_monitor"], url, environment)
            stack.callback(monitor.kill)
            monitor.start()
            monitors.append(monitor)
        workers = []
        for number, (world, pool) in enumerate(plan.workers):
            name = f"w{number}-{world.celery}-{pool}@{socket.gethostname()}"
            worker = Worker(name, pool, folder, world.python(), environment)
            stack.callback(worker.kill)
            worker.start()
            workers.append(worker)
        found = Stand(
            broker, broker.url, redis.database(1), redis.database(2), tuple(workers), tuple(monitors)
        )
        wait_for(
            lambda: all(monitor.online() >= len(workers) for monitor in monitors),
            START_SECONDS,
            lambda: "\n".join(one.log() for one in (*workers, *monitors)),
            interval=0.5,
        )
        yield found
