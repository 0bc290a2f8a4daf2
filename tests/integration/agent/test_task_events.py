"""Task events are switched on and off in a running worker, also across a restart of the broker."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, CELERY_5_7, World
from tools.testbed.servers import RabbitServer, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.agent.harness import AgentWorker, agent_worker, producer

WHOLE_LIFE = ["task-received", "task-started", "task-succeeded"]

BARE = ("--without-heartbeat", "--without-gossip", "--without-mingle")
"""With these, Celery makes no dispatcher of events."""

CASES = [
    (CELERY_5_7, "prefork", ()),
    (CELERY_5_7, "prefork", BARE),
    (CELERY_5_7, "threads", ()),
    (CELERY_5_7, "gevent", BARE),
    (CELERY_5_7, "eventlet", ()),
    (CELERY_5_7, "solo", BARE),
    (CELERY_5_6, "prefork", ()),
    (CELERY_5_3, "prefork", ()),
    (CELERY_5_3, "threads", BARE),
]


class Listener:
    """Keeps the types of the events about each task. It reconnects by itself."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._seen: dict[str, list[str]] = {}
        self._ready = threading.Event()
        self._receiver = app.events.Receiver(app.connection_for_read(), handlers={"*": self._note})
        # Celery's own would switch on the events of all workers.
        self._receiver.on_consume_ready = lambda *_, **__: self._ready.set()
        self._thread = threading.Thread(target=self._receiver.run)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(20)

    def end(self) -> None:
        self._receiver.should_stop = True
        self._thread.join(20)
        self._receiver.connection.release()

    def of(self, id_: str) -> list[str]:
        return self._seen.get(id_, [])

    def _note(self, event: dict[str, str]) -> None:
        if event["type"].startswith("task-"):
            self._seen.setdefault(event["uuid"], []).append(event["type"])


@contextmanager
def listening(app: Celery) -> Iterator[Listener]:
    listener = Listener(app)
    listener.start()
    try:
        yield listener
    finally:
        listener.end()


def switch(worker: AgentWorker, *, on: bool) -> None:
    """What the sidecar does for the order, and the report that shows its effect."""
    file = worker.run / "task-events"
    if on:
        file.touch()
    else:
        file.unlink()
    worker.wait_until(lambda report: report.task_events is on, describe=f"task events are {on}")


def run_one(app: Celery, worker: AgentWorker, queue: str = "celery") -> str:
    """Run a task to its end, and give its id."""
    before = worker.wait_until_consuming().processed
    sent = app.send_task("agent_app.nap", (0.1,), queue=queue)
    worker.wait_until(lambda report: report.processed == before + 1 and not report.active_count)
    return str(sent.id)


def assert_seen(listener: Listener, id_: str) -> None:
    wait_for(lambda: listener.of(id_) == WHOLE_LIFE, 20, lambda: f"events of {id_}: {listener.of(id_)}")


def wait_until_seen(app: Celery, worker: AgentWorker, listener: Listener, queue: str = "celery") -> None:
    """Run tasks until one has its first and its last event.

    In the threads pool, Celery loses an event that a thread adds while the loop publishes those before it.
    That is often task-started, which the thread adds while the loop publishes task-received. If the loop has
    to wait for the broker, it may be the last event as well.
    """

    def seen() -> bool:
        id_ = run_one(app, worker, queue)
        try:
            wait_for(lambda: "task-succeeded" in listener.of(id_), 10)
        except AssertionError:
            return False
        return listener.of(id_)[0] == "task-received"

    wait_for(seen, 90, "the first and the last event of a task")


def assert_unseen(app: Celery, worker: AgentWorker, listener: Listener, queue: str = "celery") -> None:
    """A task has no events, by what came after a later task that has them."""
    silent = run_one(app, worker, queue)
    switch(worker, on=True)
    wait_until_seen(app, worker, listener, queue)
    assert listener.of(silent) == []


@pytest.mark.parametrize(
    ("world", "pool", "arguments"),
    CASES,
    ids=lambda value: getattr(
        value, "celery", value if isinstance(value, str) else ("", "bare")[bool(value)]
    ),
)
def test_events_begin_survive_a_restart_of_the_broker_and_end(
    world: World, pool: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        listening(app) as listener,
        agent_worker(tmp_path, world, pool, redis.url, arguments=arguments) as worker,
    ):
        assert worker.wait_until_consuming().task_events is False
        assert_unseen(app, worker, listener)
        if world is not CELERY_5_3:  # which may come back deaf
            starts = worker.wait_until_consuming().consumer_starts
            redis.restart()
            worker.wait_until(lambda report: report.consumer_starts > starts and report.consuming)
            # The listener reconnects by itself, at its own pace.
            wait_for(lambda: listener.of(run_one(app, worker)), 40, "events after the restart")
        switch(worker, on=False)
        assert_unseen(app, worker, listener)
        report = worker.report()
        assert report is not None
        assert (report.error_count, report.last_error) == (0, "")
        assert worker.terminate() == 0


def test_events_that_the_user_has_switched_on_stay_on(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        listening(app) as listener,
        agent_worker(tmp_path, CELERY_5_7, "prefork", redis.url, arguments=("-E",)) as worker,
    ):
        assert worker.wait_until_consuming().task_events is True
        (worker.run / "task-events").touch()
        worker.wait_for_beats(2)
        (worker.run / "task-events").unlink()
        worker.wait_for_beats(2)
        assert_seen(listener, run_one(app, worker))


def test_a_request_from_before_the_start_counts_from_the_first_task(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        listening(app) as listener,
        agent_worker(tmp_path, CELERY_5_7, "prefork", redis.url, start=False) as worker,
    ):
        (worker.run / "task-events").touch()
        sent = app.send_task("agent_app.nap", (0.1,), queue="celery")
        worker.start()
        worker.wait_until_consuming()
        assert_seen(listener, sent.id)


@pytest.mark.parametrize("arguments", [(), BARE], ids=["default", "bare"])
def test_events_of_rabbitmq_begin_and_end(
    arguments: tuple[str, ...], tmp_path: Path, rabbit: RabbitServer
) -> None:
    queue = f"watched-{len(arguments)}"
    with (
        producer(rabbit.url) as app,
        listening(app) as listener,
        agent_worker(
            tmp_path, CELERY_5_7, "prefork", rabbit.url, arguments=("-Q", queue, *arguments)
        ) as worker,
    ):
        worker.wait_until_consuming()
        assert_unseen(app, worker, listener, queue)
        switch(worker, on=False)
        assert_unseen(app, worker, listener, queue)


def test_active_tasks_show_their_queue(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_7, "prefork", redis.url, arguments=("-Q", "mail,other")) as worker,
    ):
        worker.wait_until_consuming()
        worker.hold(app, "held", queue="mail")
        busy = worker.wait_until(lambda report: report.active_count == 1, describe="the task is active")
        assert busy.active[0].queue == "mail"
