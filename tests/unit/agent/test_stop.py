"""The hook before a worker's stop: what it waits for, and what it never waits for."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tools.testbed.servers import free_port

from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.contract import GIVE_BACK_FILE
from celery_probe.agent.worker.stop import (
    DRAIN_SECONDS,
    STALE_SECONDS,
    fails_liveness,
    is_finished,
    is_main_process,
    stop,
    terminate_started_by_another,
)
from celery_probe.bundle import install
from tests.unit.wire.documents import worker_document

ASKED = 1000.0
IDLE = 1001.0
NOW = 1002.0


@pytest.fixture
def run(tmp_path: Path) -> Path:
    install(tmp_path)
    return tmp_path / "run"


def report(**changes: Any) -> dict[str, Any]:
    return worker_document(**{"written_mono": NOW, "loop_mono": NOW, "active_count": 0, **changes})


@pytest.mark.parametrize(
    ("changes", "finished"),
    [
        ({"phase": "draining"}, True),
        ({"phase": "draining", "reserved": 3, "eta": 2}, True),
        ({"phase": "draining", "active_count": 1}, False),
        ({"phase": "draining", "loop_mono": ASKED - 1}, False),
        ({"phase": "draining", "loop_mono": IDLE - 0.5}, False),
        ({"phase": "consuming"}, False),
        ({"phase": "consuming", "active_count": 1}, False),
        ({"phase": "starting"}, True),
        ({"phase": "connecting"}, True),
        ({"phase": "connecting", "active_count": 1}, False),
        ({"phase": "stopping", "active_count": 1}, False),
        ({"phase": "stopping"}, True),
        ({"phase": "consuming", "active_count": 1, "written_mono": NOW - STALE_SECONDS - 0.1}, True),
    ],
)
def test_only_running_tasks_and_a_worker_that_still_fetches_are_waited_for(
    changes: dict[str, Any], finished: bool
) -> None:
    assert is_finished(report(**changes), ASKED, NOW, IDLE) is finished


def test_a_worker_without_a_report_is_not_waited_for() -> None:
    assert is_finished(None, ASKED, NOW, ASKED)


def test_a_worker_that_cannot_be_held_is_left_to_celery_while_it_runs_nothing() -> None:
    late = ASKED + DRAIN_SECONDS + 1
    assert is_finished(report(written_mono=late), ASKED, late, late)
    assert not is_finished(report(written_mono=late, active_count=1), ASKED, late, late)


def test_an_unhealthy_worker_is_stopped_without_waiting(run: Path) -> None:
    busy = report(written_mono=time.monotonic() + 60, active_count=1)
    (run / "report.json").write_text(json.dumps(busy))
    stop(ReportDirectory(str(run.parent)), 60, lambda: True)
    assert sorted(file.name for file in run.iterdir()) == ["report.json", "stop"]


def test_a_worker_that_runs_out_of_time_has_to_give_its_messages_back(run: Path) -> None:
    busy = report(written_mono=time.monotonic() + 60, active_count=1)
    (run / "report.json").write_text(json.dumps(busy))
    shared = ReportDirectory(str(run.parent))
    stop(shared, 0, shared.is_give_back_requested)
    assert shared.is_give_back_requested()


@pytest.mark.parametrize("text", ["", "{", "[1"])
def test_a_report_that_cannot_be_read_is_none(run: Path, text: str) -> None:
    (run / "report.json").write_text(text)
    stop(ReportDirectory(str(run.parent)), 60, lambda: False)
    assert not (run / GIVE_BACK_FILE).exists()


def test_the_installed_hook_runs_without_celery_and_without_the_packages_of_the_image(run: Path) -> None:
    command = [sys.executable, "-ES", str(run.parent / "stop.py"), "600", str(free_port())]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (run / "stop").exists()
    assert not (run / GIVE_BACK_FILE).exists()


def test_a_hook_that_cannot_write_its_request_ends_well(run: Path) -> None:
    (run / "stop").mkdir()
    command = [sys.executable, "-ES", str(run.parent / "stop.py"), "60", str(free_port())]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "main"),
    [
        ("1 (celery) S 0 1 1", True),
        ("7 (python3 (x) y) S 1 7 7", False),
        ("7 (python) S 0 7 7", True),
        ("", True),
        ("7 (python)", True),
    ],
)
def test_the_main_process_of_a_container_has_no_parent_that_it_sees(
    line: str, main: bool, tmp_path: Path
) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(line)
    assert is_main_process(7, str(tmp_path)) is main


def test_a_process_that_is_gone_is_left_alone(tmp_path: Path) -> None:
    assert is_main_process(7, str(tmp_path))


def test_only_the_process_that_holds_the_lock_is_ended(run: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        (run / "report.json").write_text(json.dumps(report(pid=process.pid)))
        terminate_started_by_another(ReportDirectory(str(run.parent)))
        assert process.poll() is None
        process.communicate(b"\n", timeout=30)
        assert process.returncode == 0


@contextmanager
def sidecar(status: int) -> Iterator[int]:
    """A server that answers liveness with this status; gives its port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/livez" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(("status", "fails"), [(200, False), (503, True), (500, False)])
def test_a_worker_fails_liveness_when_its_sidecar_fails_its_liveness(
    status: int, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celery_probe.agent.worker.stop.SIDECAR_SECONDS", 30.0)
    with sidecar(status) as port:
        assert fails_liveness(port) is fails


def test_a_sidecar_that_does_not_answer_says_nothing_of_the_worker() -> None:
    assert not fails_liveness(free_port())
