"""A cancel holds whatever restarts between the request and the task.

Document 001: POST /api/automation/monitoring/tasks/{task_id}/cancel.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import wait_for

from celery_health.survey.app_connection import AppConnection, resolve
from celery_health.survey.evidence.broker_clients import redis_clients
from tests.integration.monitor.actions.harness import WAIT_SECONDS, World, change, until_state
from tests.integration.monitor.monitor_process import Monitor

pytestmark = pytest.mark.timeout(900)
PERSISTENT = ("--appendonly", "yes")


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), arguments=PERSISTENT) as server:
        yield server


def is_cancelled(monitor: Monitor, world: World, task_id: str) -> None:
    """The task never ran, and the monitor says why."""
    task = until_state(monitor, task_id, "REVOKED")
    cancel = wait_for(
        lambda: one if (one := monitor.task(task_id)["cancel"])["state"] == "revoked" else None,
        WAIT_SECONDS,
        lambda: monitor.task(task_id),
    )
    assert cancel["requested_by"] == "token"
    assert cancel["sends"] >= 1
    assert task_id not in world.ids_that_ran()
    assert "revoked by token" in monitor.get(f"/tasks/{task_id}/why")["sentence"], task


def test_a_cancelled_task_never_runs_after_restarts_of_monitor_broker_and_worker(
    tmp_path: Path, redis: RedisServer
) -> None:
    world = World(tmp_path, redis.database(2))
    with world.monitor() as monitor:
        waiting, unseen_state = world.send("jobs.note", 1), world.send("jobs.note", 2)
        until_state(monitor, waiting, "PENDING")
        status, cancel = change(monitor, f"/tasks/{waiting}/cancel", {"terminate": False})
        assert (status, cancel["state"], cancel["terminate"]) == (202, "requested", False)
        wait_for(lambda: monitor.task(waiting)["cancel"]["state"] == "sent", WAIT_SECONDS)
        assert (
            "was requested by token: a worker discards it" in monitor.get(f"/tasks/{waiting}/why")["sentence"]
        )
        # A monitor that answers starting workers is no worker that a health check waits for.
        wait_for(lambda: "Receives remote control" in monitor.text(), WAIT_SECONDS, monitor.text)
        connection = resolve(None, None, world.broker, None, {})
        listeners = wait_for(
            # Not known if Redis does not answer in time.
            lambda: None if (one := _listeners(connection)) is None else [one],
            WAIT_SECONDS,
            "the listeners are known",
        )
        assert listeners == [0]
        monitor.stop(signal.SIGKILL)
    redis.restart()
    with world.monitor() as monitor, world.worker("w1", "-P", "prefork", answered_by=monitor) as first:
        until_state(monitor, unseen_state, "SUCCESS")
        is_cancelled(monitor, world, waiting)

        # An ETA task is in the memory of the worker, and goes back to the queue when the worker stops.
        later, running = world.send("jobs.note", 3, countdown=3600), world.send("jobs.nap", 3600)
        until_state(monitor, later, "RECEIVED")
        until_state(monitor, running, "STARTED")
        assert change(monitor, f"/tasks/{running}/cancel")[0] == 202
        until_state(monitor, running, "REVOKED")
        assert change(monitor, f"/tasks/{running}/cancel") == (
            409,
            {
                "type": "about:blank",
                "title": "Conflict",
                "status": 409,
                "detail": "The task has ended with REVOKED: there is nothing to cancel.",
                "errors": [],
            },
        )
        first.send_signal(signal.SIGSTOP)  # it hears of nothing any more
        assert change(monitor, f"/tasks/{later}/cancel")[0] == 202
        wait_for(lambda: monitor.task(later)["cancel"]["state"] == "sent", WAIT_SECONDS)
        os.killpg(first.pid, signal.SIGKILL)
        _restore(world)
        with world.worker("w2", "-P", "prefork", answered_by=monitor):
            is_cancelled(monitor, world, later)
        entries = monitor.get("/audit?since=1d")["entries"]
        assert {(entry["subject"], entry["outcome"].split(":")[0]) for entry in entries} >= {
            (waiting, "done"),
            (running, "done"),
            (running, "refused"),
            (later, "done"),
        }


def _listeners(connection: AppConnection) -> int | None:
    """The workers that wait for remote control."""
    return asyncio.run(redis_clients(connection, publish=True)).listeners


def _restore(world: World) -> None:
    """Deliver unacknowledged messages again, as kombu does after the visibility timeout."""
    with closing(world.sender().connection_for_write()) as connection:
        channel = connection.default_channel
        for tag in channel.client.zrange(channel.unacked_index_key, 0, -1):
            channel.qos.restore_by_tag(tag)
