"""The same actions on RabbitMQ, and what the monitor refuses there."""

from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Queue
from tools.testbed.servers import RabbitServer
from tools.testbed.waiting import wait_for

from tests.integration.monitor.actions.harness import WAIT_SECONDS, World, change, until_known, until_state
from tests.integration.monitor.monitor_process import Monitor

pytestmark = pytest.mark.timeout(900)


def test_cancel_retry_and_purge_on_rabbitmq(tmp_path: Path, rabbit: RabbitServer) -> None:
    world = World(tmp_path, rabbit.url)
    with Connection(rabbit.url) as connection:
        for name in ("celery", "idle"):
            Queue(name, durable=True)(connection.default_channel).declare()
    with world.monitor() as monitor:
        waiting, other = world.send("jobs.note", 1), world.send("jobs.fail", 2)
        until_state(monitor, waiting, "PENDING")
        assert change(monitor, f"/tasks/{waiting}/cancel")[0] == 202
        with world.worker("w1", "-P", "prefork", answered_by=monitor):
            until_state(monitor, other, "FAILURE")
            until_state(monitor, waiting, "REVOKED")
            assert waiting not in world.ids_that_ran()
            running = world.send("jobs.nap", 3600)
            until_state(monitor, running, "STARTED")
            assert change(monitor, f"/tasks/{running}/cancel", {"signal": "SIGKILL"})[0] == 202
            until_state(monitor, running, "REVOKED")

            def retried() -> Any:
                status, retry = change(monitor, f"/tasks/{other}/retry", {"again": True})
                assert status in {201, 503}, retry
                return retry["task_id"] if status == 201 else None

            def retried_twice() -> Any:
                # RabbitMQ on a busy machine may confirm a message too late: another one is sent then.
                first = wait_for(retried, WAIT_SECONDS, monitor.text)
                until_state(monitor, first, "FAILURE")
                return first if _retried_in_bulk(monitor, first) else None

            first = wait_for(retried_twice, WAIT_SECONDS, monitor.text)
            (second,) = monitor.task(first)["retried_as"]
            wait_for(lambda: second in world.ids_that_ran(), WAIT_SECONDS, lambda: world.log("w1"))
            assert [world.ids_that_ran().count(one) for one in (other, first, second)] == [1, 1, 1]

            for _ in range(3):
                world.send("jobs.note", 3, queue="idle")
            until_known(monitor, "idle")
            status, refused = change(monitor, "/queues/idle/messages", method="GET")
            assert (status, "redelivered" in refused["detail"]) == (409, True)
            status, dry = change(monitor, "/queues/idle/purge", {"dry_run": True})
            assert (status, dry["messages"]) == (200, 3)
            status, purged = change(monitor, "/queues/idle/purge", {"confirmation": dry["confirmation"]})
            assert (status, purged["removed"]) == (200, 3)
            assert change(monitor, "/queues/none/purge", {"dry_run": True})[0] == 404


def _retried_in_bulk(monitor: Monitor, task_id: str) -> bool:
    """Retry the failed task by a filter; whether RabbitMQ has confirmed that it took the message."""
    plan = {"action": "retry", "filter": f"state:failure id:{task_id}"}

    def one_to_retry() -> Any:
        dry = change(monitor, "/tasks/bulk", {**plan, "dry_run": True})[1]
        return dry if dry["count"] == 1 else None

    def done() -> Any:
        progress = monitor.get(f"/tasks/bulk/{dry['id']}")
        return progress if progress["state"] == "done" else None

    dry = wait_for(one_to_retry, WAIT_SECONDS, "the failed task to retry")
    assert change(monitor, "/tasks/bulk", {**plan, "confirmation": dry["confirmation"]})[0] == 202
    progress = wait_for(done, WAIT_SECONDS, monitor.text)
    assert (progress["done"] + progress["uncertain"], progress["refused"]) == (1, 0), progress
    return bool(progress["done"])
