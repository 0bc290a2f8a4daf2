"""A shop with workers and a history that has each kind of task, for the page to show."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from celery import Celery, chain
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.monitor.monitor_process import Monitor, worker

SECONDS = 180.0
QUEUES = "default,email,media,reports,maintenance"
WORKER = "shop@web-1"
LEFT = "shop@web-2"
"""A worker that went."""

UNREAD = "print"
"""A queue that no worker reads."""

DAY = {"soft_time_limit": 86_000, "time_limit": 86_400}
"""Limits beyond the shop's own of 30 min: on a slow machine the tests of the page take longer."""


@dataclass
class Shop:
    """The broker, and the ids of tasks by what became of them."""

    redis: RedisServer
    app: Celery
    tasks: dict[str, list[str]] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """What a worker of the shop and its monitor need to know."""
        return {
            "CELERY_BROKER_URL": self.redis.database(0),
            "CELERY_RESULT_BACKEND": self.redis.database(1),
        }

    def send(self, name: str, *args: Any, queue: str = "default", **options: Any) -> str:
        """Send a task; returns its id."""
        return str(self.app.send_task(f"shop.tasks.{name}", args=args, queue=queue, **options).id)

    def purge(self, queue: str) -> None:
        """Remove all messages of the queue."""
        with self.app.connection_for_write() as connection:
            connection.default_channel.queue_purge(queue)

    def fill(self) -> None:
        """Send tasks that succeed, fail, run, and wait."""
        self.tasks["FAILURE"] = [self.send("charge_card", order) for order in range(6)]
        self.tasks["FAILURE"].append(self.send("import_catalog", "five", queue="reports"))
        self.tasks["SUCCESS"] = [self.send("place_order", order) for order in range(40)]
        self.tasks["SUCCESS"].append(self.send("send_email", 7, 1, queue="email"))
        self.tasks["SUCCESS"] += self._chain()
        self.tasks["STARTED"] = [self.send("build_report", 7200, queue="reports", **DAY)]
        self.tasks["PENDING"] = [self.send("clean_up", queue=UNREAD, priority=one) for one in (0, 0, 3, 9)]

    def _chain(self) -> list[str]:
        steps = [
            self.app.signature("shop.tasks.place_order", args=(order,), immutable=True, queue="default")
            for order in (101, 102)
        ]
        last = chain(*steps).apply_async()
        return [str(last.id), str(last.parent.id)]

    def leave(self, running: str | None = None) -> None:
        """A worker comes and goes, as its events say, with the task that it is running."""
        with self._worker_events(LEFT) as events:
            state = {"freq": 2.0, "active": 0, "processed": 12, "loadavg": [0.1, 0.1, 0.1]}
            ident = {"sw_ident": "py-celery", "sw_ver": "5.6.3", "sw_sys": "Linux"}
            events.send("worker-online", **state, **ident)
            if running is not None:
                self._receive(events, running)
                events.send("task-started", uuid=running)
            events.send("worker-offline", **state, **ident)

    def receive(self, identity: str) -> None:
        """The worker receives a task, as its events say."""
        with self._worker_events() as events:
            self._receive(events, identity)

    def reject(self, identity: str) -> None:
        """The worker refuses a task for good, as its events say."""
        with self._worker_events() as events:
            self._receive(events, identity)
            events.send("task-rejected", uuid=identity, requeue=False)

    @contextmanager
    def _worker_events(self, worker: str = WORKER) -> Iterator[Any]:
        with (
            self.app.connection_for_write() as connection,
            self.app.events.Dispatcher(connection, worker) as events,
        ):
            yield events

    def _receive(self, events: Any, identity: str) -> None:
        events.send("task-received", uuid=identity, name="shop.tasks.clean_up", args="()", kwargs="{}")


@contextmanager
def open_shop(home: Path) -> Iterator[Shop]:
    """A broker with a worker that sends events; both end when the block ends."""
    with redis_server(home / "redis") as redis:
        app = Celery("sender", broker=redis.database(0), set_as_current=False)
        app.conf.task_send_sent_event = True
        shop = Shop(redis, app)
        options = ("-Q", QUEUES, "-n", WORKER, "-E", "-P", "prefork", "-c", "2")
        with worker(home / "worker", shop.variables, *options):
            yield shop
        app.close()


def wait_until_ready(monitor: Monitor) -> None:
    """Wait until the monitor receives, and knows a worker that answers it."""
    wait_for(lambda: monitor.request("/readyz", None)[0] == 200, SECONDS, monitor.text)

    def knows_a_worker() -> bool:
        return any(one["online"] and one["queues"] for one in monitor.get("/workers")["workers"])

    wait_for(knows_a_worker, SECONDS, monitor.text)


def wait_until_shown(monitor: Monitor, shop: Shop) -> None:
    """Wait until the history has each task in its state."""
    expected = {identity: state for state, identities in shop.tasks.items() for identity in identities}

    def others() -> dict[str, tuple[str, str | None]]:
        listed = {task["id"]: task["state"] for task in monitor.get("/tasks?limit=500")["tasks"]}
        return {one: (state, listed.get(one)) for one, state in expected.items() if listed.get(one) != state}

    wait_for(lambda: not others(), SECONDS, others)


def wait_for_state(monitor: Monitor, identity: str, state: str) -> None:
    """Wait until the monitor shows the task in this state."""
    wait_for(lambda: (monitor.task(identity) or {}).get("state") == state, SECONDS, monitor.text)


def wait_until_listed(monitor: Monitor, query: str, number: int) -> None:
    """Wait until the filter finds this number of tasks: a list has a task later than its own page."""
    path = f"/tasks?limit=500&q={quote(query)}"
    wait_for(lambda: len(monitor.get(path)["tasks"]) == number, SECONDS, lambda: monitor.get(path))
