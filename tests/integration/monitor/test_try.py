"""`make try` shows tasks, and leaves nothing behind, however it is ended."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tools.testbed.waiting import wait_for

ROOT = Path(__file__).parents[3]
START_SECONDS = 300.0


class Try:
    """`make try` in a process group of its own, as a shell starts it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "output"
        scratch = folder / "scratch"
        scratch.mkdir()
        self.scratch = scratch
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                ["make", "-s", "try", f"PYTHON={sys.executable}"],
                cwd=ROOT,
                env={**os.environ, "TMPDIR": str(scratch)},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def explained(self) -> bool:
        assert self.process.poll() is None, self.text()
        return "Ctrl-C stops everything" in self.text()

    def answer(self, path: str = "/workers") -> str:
        """What the second command that `make try` prints shows, or another route."""
        found = re.search(r"Authorization: Bearer (\S+)' '(\S+)/workers'", self.text())
        assert found is not None, self.text()
        request = urllib.request.Request(found[2] + path, headers={"Authorization": f"Bearer {found[1]}"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return str(response.read().decode())

    def rates(self) -> dict[str, tuple[float | None, float | None]]:
        """The rates of each queue that a worker consumes."""
        queues = json.loads(self.answer("/queues"))["queues"]
        return {one["name"]: (one["in_rate"], one["out_rate"]) for one in queues if one["workers"]}

    def signal(self, number: signal.Signals) -> None:
        """As a terminal does: to every process of the group."""
        os.killpg(self.process.pid, number)

    def processes(self) -> list[str]:
        """The processes that it started and that still live."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "environ").read_bytes()
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if f"TMPDIR={self.scratch}".encode() in words and state != "Z":
                found.append(entry.name)
        return found


def _moves(rates: dict[str, tuple[float | None, float | None]]) -> bool:
    """Whether the rates of all five queues are known, and the busiest has tasks."""
    known = len(rates) == 5 and all(None not in both for both in rates.values())
    return known and all(rate or 0.0 for rate in rates["default"])


@contextmanager
def running(folder: Path) -> Iterator[Try]:
    started = Try(folder)
    try:
        wait_for(started.explained, START_SECONDS, started.text)
        yield started
    finally:
        for pid in started.processes():
            os.kill(int(pid), signal.SIGKILL)
        started.process.wait()


@pytest.mark.parametrize(
    "signals",
    [
        pytest.param((signal.SIGINT,), id="Ctrl-C"),
        pytest.param((signal.SIGINT, signal.SIGINT), id="Ctrl-C twice"),
        pytest.param((signal.SIGTERM,), id="a termination"),
    ],
)
def test_tasks_show_up_and_nothing_is_left(tmp_path: Path, signals: tuple[signal.Signals, ...]) -> None:
    with running(tmp_path) as started:
        wait_for(lambda: "shop.tasks.place_order" in started.answer(), 120, started.text)
        assert len(started.processes()) > 4
        wait_for(lambda: _moves(started.rates()), 120, started.rates)
        for number in signals:
            started.signal(number)
        started.process.wait(timeout=90)
        wait_for(lambda: not started.processes(), 30, started.processes)
        # Only uv leaves a lock there, as it always does.
        assert [one for one in started.scratch.iterdir() if not one.name.startswith("uv-")] == []
        assert "Stopped. Nothing is left." in started.text()
