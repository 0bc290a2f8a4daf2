"""Events that come while the monitor starts are counted with the names that its history knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from celery import Celery
from tools.testbed.databases import postgres_server
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from tests.integration.monitor.monitor_process import API, Monitor, monitor

NAME = "shop.tasks.mail"
LAST_EVENT = "celery_monitor_last_event_age_seconds"


def send(redis: RedisServer, *kinds: str, task_id: str = "early") -> None:
    """Events of a worker about one task. Only task-received has the name of the task."""
    app = Celery("shop", broker=redis.database(0))
    with app.connection_for_write() as connection, app.events.Dispatcher(connection, "w@host") as dispatcher:
        for kind in kinds:
            more = {"name": NAME, "args": "()", "kwargs": "{}"} if kind == "task-received" else {}
            dispatcher.send(kind, uuid=task_id, **more)


def series(running: Monitor, text: str) -> list[str]:
    """The lines of the metrics with this text."""
    lines = running.request("/metrics")[1].splitlines()
    return [line for line in lines if text in line and not line.startswith("#")]


@contextmanager
def locked(url: str) -> Iterator[None]:
    """No program reads the tasks of the history until the block ends."""
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE automation.job_executions IN ACCESS EXCLUSIVE MODE")
        yield


def test_the_end_of_a_task_that_comes_before_the_history_is_read_has_a_name(
    tmp_path: Path, redis: RedisServer
) -> None:
    with postgres_server() as postgres:
        options = ("--broker", redis.database(0), "--database", postgres.database())
        with monitor(tmp_path, *options) as first:
            first.until_connected()
            send(redis, "task-received", "task-started")

            def is_stored() -> bool:
                status, document = first.request(f"{API}/tasks?q=id:early%20state:started")
                return status == 200 and bool(document["tasks"])  # until the tables are made it is 503

            wait_for(is_stored, 60, first.text)
            assert first.stop() == 0
        running = Monitor(tmp_path, options)
        try:
            with locked(postgres.database()):
                running.start()
                running.until_connected()
                send(redis, "task-failed")
                wait_for(lambda: series(running, f"{LAST_EVENT} "), 60, running.text)
            failed = wait_for(lambda: series(running, "celery_task_failed_total{"), 60, running.text)
            assert [line for line in failed if f'name="{NAME}"' in line], failed
            assert not series(running, '{name="unknown"')
        finally:
            running.kill()
