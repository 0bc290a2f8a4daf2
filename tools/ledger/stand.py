"""The broker, the databases, the workers and the monitors of one comparison, as processes."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.ledger.heartbeats import Heartbeats
from tools.ledger.processes import ROOT, SLOTS, Monitor, Worker
from tools.testbed.celery_versions import World
from tools.testbed.databases import postgres_server
from tools.testbed.proxy import Proxy, proxy
from tools.testbed.servers import RabbitServer, RedisServer, Server, rabbit_server, redis_server
from tools.testbed.waiting import wait_for

START_SECONDS = 240.0
PREFORK = "prefork"
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
REDIS, RABBITMQ = "Redis", "RabbitMQ"


@dataclass(frozen=True)
class Plan:
    """What a stand consists of: each database has a monitor of its own, all at the same broker.

    ``workers``: the Celery version and the pool of each. ``kills`` of workers, ``restarts`` of the broker and
    ``cuts`` of all connections to it are spread over the run. ``outages``: how often the broker goes down for
    some seconds, with a few seconds in between.
    """

    broker: str
    databases: tuple[str, ...]
    workers: tuple[tuple[World, str], ...]
    tasks: int
    kills: int = 0
    restarts: int = 0
    cuts: int = 0
    outages: int = 0
    seed: int = 0

    @property
    def losses_of_connections(self) -> int:
        """How often each worker loses its connection, which goes through a proxy for that."""
        return self.cuts + self.outages

    @property
    def may_be_popped(self) -> int:
        """How many messages Redis may have handed out to a worker that was gone at that moment."""
        if self.broker != REDIS:
            return 0
        return self.kills + self.losses_of_connections * len(self.workers)

    @property
    def may_be_forgotten(self) -> int:
        """How many runs of prefork workers may have been under way as their connection was lost."""
        slots = sum(SLOTS[pool] for _, pool in self.workers if pool == PREFORK)
        return slots * (self.losses_of_connections + self.restarts)


@dataclass(frozen=True)
class Stand:
    """What runs. ``broker_url`` and ``result_url`` are for a sender, ``ledger_url`` for the ledger.

    ``proxy``: all connections to the broker lead through it, if they are to be lost. ``heartbeats``: as the
    broker itself has them.
    """

    broker: Server
    proxy: Proxy | None
    broker_url: str
    result_url: str
    ledger_url: str
    heartbeats: Heartbeats
    workers: tuple[Worker, ...]
    monitors: tuple[Monitor, ...]


@contextmanager
def stand(folder: Path, plan: Plan) -> Iterator[Stand]:
    """Start everything, and end it with the block."""
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(folder / "redis"))
        broker: RedisServer | RabbitServer = redis
        if plan.broker == RABBITMQ:
            broker = stack.enter_context(rabbit_server(folder / "rabbitmq"))
        broker_url, between = broker.url, None
        if plan.losses_of_connections:
            between = stack.enter_context(proxy(broker.port))
            broker_url = broker_url.replace(f":{broker.port}/", f":{between.port}/")
        paths = os.pathsep.join(str(ROOT / part) for part in ("health", "monitor", "."))
        environment = {
            **os.environ,
            "CELERY_BROKER_URL": broker_url,
            "CELERY_RESULT_BACKEND": redis.database(1),
            "LEDGER_URL": redis.database(2),
            "PYTHONPATH": paths,
        }
        heartbeats = Heartbeats(broker.url)
        stack.enter_context(heartbeats.listening())
        monitors = []
        for database in plan.databases:
            url = f"sqlite:///{folder / 'history.sqlite3'}"
            if database == POSTGRESQL:
                url = stack.enter_context(postgres_server()).database()
            monitor = Monitor(database, folder, [sys.executable, "-m", "celery_monitor"], url, environment)
            stack.callback(monitor.kill)
            monitor.start()
            monitors.append(monitor)
        for monitor in monitors:
            monitor.wait_until_it_listens()
        workers = []
        for number, (world, pool) in enumerate(plan.workers):
            name = f"w{number}-{world.celery}-{pool}@{socket.gethostname()}"
            worker = Worker(name, pool, folder, world.python(), environment)
            stack.callback(worker.kill)
            worker.start()
            workers.append(worker)
        found = Stand(
            broker,
            between,
            broker_url,
            redis.database(1),
            redis.database(2),
            heartbeats,
            tuple(workers),
            tuple(monitors),
        )
        wait_for(
            lambda: all(monitor.online() >= len(workers) for monitor in monitors),
            START_SECONDS,
            lambda: "\n".join(one.log() for one in (*workers, *monitors)),
            interval=0.5,
        )
        yield found
