"""The monitor starts while its PostgreSQL is away, and writes what it saw as soon as the database answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from celery import Celery
from tools.testbed.databases import PostgresServer, postgres_server
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from celery_health.exit_codes import ExitCode
from tests.integration.monitor.monitor_process import API, Monitor, monitor


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """A server that is stopped."""
    with postgres_server() as server:
        server.stop()
        yield server


def _history(running: Monitor) -> Any:
    """The check of the history."""
    _, document = running.request("/readyz")
    return next(check for check in document["checks"] if check["name"] == "history")


def _send_event(redis: RedisServer, task_id: str) -> None:
    app = Celery("shop", broker=redis.database(0))
    with app.connection_for_write() as connection, app.events.Dispatcher(connection, "w@host") as dispatcher:
        dispatcher.send("task-received", uuid=task_id, name="shop.tasks.mail", args="()", kwargs="{}")
        dispatcher.send("task-started", uuid=task_id)


def test_it_serves_and_receives_before_its_database_answers(
    tmp_path: Path, redis: RedisServer, postgres: PostgresServer
) -> None:
    options = ("--broker", redis.database(0), "--database", postgres.database())
    with monitor(tmp_path, *options) as running:
        assert running.request("/healthz", None)[0] == 200
        assert running.request("/readyz")[0] == 503
        # The first attempt may take longer than the start.
        wait_for(lambda: "does not answer" in _history(running)["problem"], describe=running.text)
        assert "secret" not in str(running.request("/readyz"))
        for path in ("/workers", "/queues", "/schedule"):
            assert running.request(f"{API}{path}")[0] == 200
        for path in ("/tasks", "/tasks/names", "/failures", "/tasks/unknown"):
            status, document = running.request(f"{API}{path}")
            assert (status, document["status"]) == (503, 503), path
            assert "/readyz" in document["detail"]

        running.until_connected()
        _send_event(redis, "early")
        # From memory: the history has nothing yet.
        wait_for(lambda: running.request(f"{API}/tasks/early")[0] == 200, 60, running.text)
        postgres.start()
        wait_for(lambda: _history(running)["ok"], 120, running.text)

        def is_written() -> bool:
            return [task["id"] for task in running.get("/tasks")["tasks"]] == ["early"]

        wait_for(is_written, 60, running.text)
        assert running.stop() == 0


def test_it_ends_in_time_and_says_what_is_lost(
    tmp_path: Path, redis: RedisServer, postgres: PostgresServer
) -> None:
    options = ("--broker", redis.database(1), "--database", postgres.database())
    with monitor(tmp_path, *options) as running:
        assert running.stop() == 0
        assert running.text().rstrip().endswith("ended")


def test_a_database_that_turns_out_to_be_newer_ends_it(
    tmp_path: Path, redis: RedisServer, postgres: PostgresServer
) -> None:
    postgres.start()
    with psycopg.connect(postgres.database(), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA automation")
        connection.execute("CREATE TABLE automation.alembic_version (version_num text)")
        connection.execute("INSERT INTO automation.alembic_version VALUES ('9999')")
    postgres.stop()
    options = ("--broker", redis.database(2), "--database", postgres.database())
    with monitor(tmp_path, *options) as running:
        postgres.start()
        assert running.process is not None
        assert running.process.wait(timeout=120) == ExitCode.USAGE
        assert "newer celery-monitor" in running.text().splitlines()[-1]
        assert "Traceback" not in running.text()
