"""The monitor is killed while tasks run and wait. The history says afterwards what happened meanwhile.

Browsers stay logged in.
"""

import json
import math
import os
import signal
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from tools.testbed.servers import redis_server
from tools.testbed.waiting import BUSY_SECONDS, wait_for

from tests.integration.monitor.monitor_process import API, TOKEN, Monitor, monitor, worker

WAIT_SECONDS = 180.0


def _until(running: Monitor, task: str, state: str) -> Any:
    def reached() -> Any:
        shown = running.task(task)
        return shown if shown is not None and shown["state"] == state else None

    return wait_for(reached, WAIT_SECONDS, lambda: f"{running.task(task)}\n{running.text()}")


def _known_since(running: Monitor) -> float | None:
    """Since when the worker that stays is online."""
    workers = {one["name"]: one for one in running.get("/workers")["workers"]}
    return workers["stays@test"]["since"] if "stays@test" in workers else None


@pytest.mark.timeout(900)
def test_tasks_that_end_or_are_lost_while_the_monitor_is_away(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        variables = {"CELERY_BROKER_URL": redis.database(0), "CELERY_RESULT_BACKEND": redis.database(1)}
        app = Celery("sender", broker=redis.database(0))
        backend = Celery("reader", backend=redis.database(1)).backend
        app.conf.task_send_sent_event = True

        def send(name: str, *args: float, **options: Any) -> str:
            return str(app.send_task(f"shop.tasks.{name}", args=args, **options).id)

        kind = ("-E", "-P", "prefork", "-c", "2")
        with (
            worker(tmp_path / "stays", variables, *kind, "-Q", "stays", "-n", "stays@test"),
            worker(tmp_path / "goes", variables, *kind, "-Q", "goes", "-n", "goes@test") as goes,
        ):
            with monitor(tmp_path / "monitor", variables=variables) as first:
                wait_for(
                    lambda: sum(one["online"] for one in first.get("/workers")["workers"]) == 2,
                    WAIT_SECONDS,
                    first.text,
                )
                ends = send("build_report", 2 * BUSY_SECONDS, queue="stays")
                lasts = send("build_report", 600, queue="stays")
                lost = send("build_report", 600, queue="goes")
                for task in (ends, lasts, lost):
                    _until(first, task, "STARTED")
                pending = send("place_order", 2, queue="unread")
                _until(first, pending, "PENDING")
                wait_for(lambda: first.get(f"/tasks?q=id:{pending}")["tasks"], WAIT_SECONDS, first.text)
                known = _known_since(first)
                assert known is not None
                first.stop(signal.SIGKILL)
            os.killpg(goes.pid, signal.SIGKILL)
            wait_for(
                lambda: backend.get_task_meta(ends)["status"] == "SUCCESS",
                WAIT_SECONDS,
                "the end of the short task",
            )
            # The result is stored before the worker sends the event, which no monitor may receive.
            inspected = app.control.inspect(["stays@test"], timeout=BUSY_SECONDS, limit=1)

            def has_ended() -> bool:
                active = (inspected.active() or {}).get("stays@test")
                return active is not None and ends not in {one["id"] for one in active}

            wait_for(has_ended, WAIT_SECONDS, "the worker has seen the end of the short task")
            wait_for(inspected.ping, WAIT_SECONDS, "the worker has sent its events")
            with monitor(tmp_path / "monitor", variables=variables) as second:
                wait_for(
                    lambda: abs((_known_since(second) or math.inf) - known) < BUSY_SECONDS,
                    WAIT_SECONDS,
                    second.text,
                )
                waiting = _until(second, pending, "PENDING")
                app.control.add_consumer("unread", destination=["stays@test"])
                app.control.revoke(lasts, terminate=True)
                terminated = _until(second, lasts, "REVOKED")
                ended = _until(second, ends, "UNREPORTED")
                gone = _until(second, lost, "LOST")
                ran = _until(second, pending, "SUCCESS")
                shown = {one["name"]: one for one in second.get("/workers")["workers"]}
                # The result backend knows what no event said.
                expected = {ends: "Succeeded", lasts: "Revoked", lost: "LostWithWorker"}

                def why() -> dict[str, str]:
                    return {task: second.get(f"/tasks/{task}/why")["reason"] for task in expected}

                # A backend that answers late is left out of the answer.
                wait_for(lambda: why() == expected, WAIT_SECONDS, why)
                # From then on, the history knows it too.
                learnt = _until(second, ends, "SUCCESS")
                wait_for(lambda: second.get(f"/tasks?q=id:{ends}%20state:success")["tasks"], WAIT_SECONDS)
        app.close()
    assert [(run["outcome"], run["reason"]) for run in terminated["runs"]] == [
        ("REVOKED", "terminated by SIGTERM")
    ]
    assert [run["outcome"] for run in ended["runs"]] == ["UNREPORTED"]
    assert [run["outcome"] for run in learnt["runs"]] == ["SUCCESS"]
    assert [run["outcome"] for run in gone["runs"]] == ["LOST"]
    assert (ended["name"], ended["args"]) == ("shop.tasks.build_report", f"({2 * BUSY_SECONDS},)")
    assert waiting["runs"] == []
    assert [run["outcome"] for run in ran["runs"]] == ["SUCCESS"]
    assert ran["sent"] == waiting["sent"]
    assert (shown["stays@test"]["online"], shown["goes@test"]["online"]) == (True, False)
    assert shown["stays@test"]["missed"] == 1


def _by_browser(running: Monitor, path: str, cookie: str = "", body: Any = None) -> tuple[Any, str]:
    """The document of a request of a browser, and the cookie that the answer sets."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Cookie": cookie, "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
    request = urllib.request.Request(f"{running.url}{API}{path}", data, headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read()), (response.headers["Set-Cookie"] or "").partition(";")[0]


def test_a_login_and_a_logout_outlast_a_restart(tmp_path: Path) -> None:
    broker = ("--broker", "redis://127.0.0.1:1/0")
    with monitor(tmp_path, *broker) as first:
        _, stays = _by_browser(first, "/login", body={"token": TOKEN})
        _, ended = _by_browser(first, "/login", body={"token": TOKEN})
        _by_browser(first, "/logout", ended, {})
        first.stop(signal.SIGKILL)
    with monitor(tmp_path, *broker) as second:
        assert _by_browser(second, "/session", stays)[0]["identity"]["role"] == "admin"
        assert _by_browser(second, "/session", ended)[0]["identity"] is None
    (file,) = tmp_path.rglob("*.sessions")
    assert file.stat().st_mode & 0o777 == 0o600
