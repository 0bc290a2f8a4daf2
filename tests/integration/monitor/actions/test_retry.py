"""Retries of single tasks and by filter: each is sent once, whatever ends in between.

Document 001: POST /api/automation/monitoring/tasks/{task_id}/retry.
"""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for, wait_for_async

from celery_health.survey.app_connection import resolve
from celery_monitor.control.submit import Submission, Submitter
from tests.integration.monitor.actions.harness import WAIT_SECONDS, World, change, until_state
from tests.integration.monitor.monitor_process import TOKEN, Monitor, environment

FAILED = 100
HEALTH = Path(sys.executable).with_name("celery-health")
pytestmark = pytest.mark.timeout(900)


def progress(monitor: Monitor, bulk_id: str) -> Any:
    return monitor.get(f"/tasks/bulk/{bulk_id}")


def count(monitor: Monitor, query: str) -> int:
    return int(monitor.get(f"/tasks?{query}&limit=1&count=true")["count"]["number"])


def test_failed_tasks_are_retried_by_filter_each_exactly_once(tmp_path: Path, redis: RedisServer) -> None:
    world = World(tmp_path, redis.database(0), redis.database(1))
    plan = {"action": "retry", "filter": "state:failure name:jobs.fail"}
    with world.worker("w1", "-P", "prefork"):
        with world.monitor() as monitor:
            sent = [world.send("jobs.fail", number, kwargs={"text": "a"}) for number in range(FAILED)]
            wait_for(lambda: count(monitor, "state=failure") == FAILED, WAIT_SECONDS, monitor.text)
            status, other = change(monitor, f"/tasks/{sent[0]}/retry", {"kwargs": {"text": "edited"}})
            assert (status, other["retry_of"]) == (201, sent[0])
            until_state(monitor, other["task_id"], "FAILURE")
            status, refused = change(monitor, f"/tasks/{sent[0]}/retry")
            assert (status, other["task_id"] in refused["detail"]) == (409, True)

            status, dry = change(monitor, "/tasks/bulk", {**plan, "dry_run": True})
            # The retry itself has failed and can be retried; its original cannot.
            assert (status, dry["matched"], dry["count"]) == (200, FAILED + 1, FAILED)
            assert [reason["tasks"] for reason in dry["reasons"]] == [1]
            assert len(dry["sample"]) == 10
            confirmed = {**plan, "confirmation": dry["confirmation"]}
            other_filter = {**confirmed, "filter": "state:failure"}
            assert change(monitor, "/tasks/bulk", other_filter)[0] == 409
            (tmp_path / "corrected").touch()
            status, started = change(monitor, "/tasks/bulk", confirmed)
            assert (status, started["state"]) == (202, "running")
            monitor.stop(signal.SIGKILL)
        with world.monitor() as monitor:
            assert change(monitor, "/tasks/bulk", confirmed)[0] == 409
            wait_for(lambda: progress(monitor, dry["id"])["done"], WAIT_SECONDS)
            monitor.stop(signal.SIGKILL)
        with world.monitor() as monitor:
            done = wait_for(
                lambda: one if (one := progress(monitor, dry["id"]))["state"] == "done" else None,
                WAIT_SECONDS,
                lambda: f"{progress(monitor, dry['id'])} {monitor.text()}",
            )
            assert (done["done"], done["refused"], done["uncertain"]) == (FAILED, 0, 0)
            expected = 2 * FAILED + 1
            wait_for(lambda: len(world.run_lines()) >= expected, WAIT_SECONDS, lambda: world.log("w1"))
            runs = world.ids_that_ran()
            assert len(runs) == expected
            assert set(Counter(runs).values()) == {1}
            arguments = Counter(line.partition(" ")[2] for line in world.run_lines())
            # The original and its retry had the same arguments; of the first one the retry was edited.
            assert {arguments[f"({number},) {{'text': 'a'}}"] for number in range(1, FAILED)} == {2}
            assert arguments["(0,) {'text': 'edited'}"] == 2
            original = monitor.task(sent[1])
            (new_id,) = original["retried_as"]
            assert (original["state"], monitor.task(new_id)["retry_of"]) == ("FAILURE", sent[1])


def test_the_command_line_has_the_monitor_act(tmp_path: Path, redis: RedisServer) -> None:
    world = World(tmp_path, redis.database(3))
    with world.monitor() as monitor:
        waiting = world.send("jobs.note", 1)
        until_state(monitor, waiting, "PENDING")

        def act(*arguments: str, token: str = TOKEN) -> tuple[int, str]:
            command = [str(HEALTH), *arguments, "--timeout", "60"]
            variables = {"CELERY_MONITOR_URL": monitor.url, "CELERY_MONITOR_TOKEN": token}
            done = subprocess.run(
                command, env=environment(tmp_path, **variables), capture_output=True, text=True, check=False
            )
            return done.returncode, done.stdout + done.stderr

        assert act("cancel", waiting, token="wrong-token-of-no-one")[0] == 2
        code, text = act("cancel", waiting, "--no-terminate")
        assert (code, "keeps the cancel of token" in text) == (0, True), text
        assert monitor.task(waiting)["cancel"]["terminate"] is False
        code, text = act("retry", waiting)
        assert (code, "has not ended" in text) == (3, True), text
        with world.worker("w1", "-P", "prefork", answered_by=monitor):
            until_state(monitor, waiting, "REVOKED")
            code, text = act("retry", waiting, "--args", "[5]", "--kwargs", "{}")
            assert (code, "Sent again as" in text) == (0, True), text
            (new_id,) = monitor.task(waiting)["retried_as"]
            until_state(monitor, new_id, "SUCCESS")
            assert world.run_lines() == [f"{new_id} (5,) {{}}"]


async def test_a_message_that_was_taken_is_not_put_a_second_time(redis: RedisServer) -> None:
    connection = resolve(None, None, redis.database(2), None, {})
    submitter = Submitter(connection)
    message = Submission("jobs.note", args=[1], queue="once", priority=6, task_id="the-id")

    async def is_taken() -> bool:
        # Redis on a busy machine may answer too late.
        return [delivery.problem for delivery in await submitter.deliver([message])] == [None]

    for _ in range(3):
        await wait_for_async(is_taken)
    world = World(Path(), redis.database(2))
    with world.sender().connection_for_read() as opened:
        client = opened.default_channel.client
        assert client.llen("once\x06\x166") == 1
