"""The monitor as a process of its own, as a user starts it, and workers for it to watch."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.testbed.waiting import wait_for

ROOT = Path(__file__).parents[3]
TOKEN = "0123456789abcdef0123"
API = "/api/automation/monitoring"
START_SECONDS = 120.0
CONNECTED_SECONDS = 120.0


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a user has: no variable that another test or the developer has set counts."""
    paths = [ROOT / "monitor", ROOT / "health", ROOT / "examples" / "shop"]
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(home), "PYTHONPATH": os.pathsep.join(map(str, paths)), **more}


class Monitor:
    """One monitor with its files in ``home``."""

    def __init__(self, home: Path, options: Sequence[str], variables: dict[str, str] | None = None) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.log = home / "monitor.log"
        # Tests ask as often as the machine allows.
        own = ["--port", "0", "--rate-limit", "none"]
        self.command = [sys.executable, "-m", "celery_monitor", *own, *options]
        self.environment = environment(home, CELERY_MONITOR_TOKEN=TOKEN, **(variables or {}))
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> None:
        """Start it and wait until it listens."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, cwd=self.home, stdout=log, stderr=subprocess.STDOUT
            )
        self.url = wait_for(self._listening, START_SECONDS, self.text)

    def _listening(self) -> str | None:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the monitor ended while starting:\n{self.text()}")
        _, found, rest = self.text().partition(" listens at ")
        return rest.split()[0] if found and rest.split() else None

    def text(self) -> str:
        """Everything that it printed."""
        return self.log.read_text(errors="replace")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def kill(self) -> None:
        """End it however it is."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def request(self, path: str, token: str | None = TOKEN) -> tuple[int, Any]:
        """Status and document of a GET request."""
        request = urllib.request.Request(self.url + path)
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        return self._answer(request)

    def send(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and document of a request of an admin with a JSON body to a route of the API."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        data = json.dumps(body).encode()
        return self._answer(urllib.request.Request(f"{self.url}{API}{path}", data, headers, method=method))

    def _answer(self, request: urllib.request.Request) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, _document(response.read())
        except urllib.error.HTTPError as error:
            return error.code, _document(error.read())

    def is_connected(self) -> bool:
        """Whether the broker delivers events to it. The line that describes the metric has its name too."""
        return "\ncelery_monitor_connected 1" in self.request("/metrics")[1]

    def until_connected(self, seconds: float = CONNECTED_SECONDS) -> None:
        """Wait until no event that is sent now is lost."""
        wait_for(self.is_connected, seconds, self.text)

    def get(self, path: str) -> Any:
        """The document of a route of the API."""
        status, document = self.request(f"{API}{path}")
        assert status == 200, document
        return document

    def task(self, task_id: str) -> Any:
        """A task of the history, None if it is not there yet."""
        status, document = self.request(f"{API}/tasks/{task_id}")
        assert status in {200, 404}, document
        return document if status == 200 else None


@contextmanager
def monitor(home: Path, *options: str, variables: dict[str, str] | None = None) -> Iterator[Monitor]:
    """A running monitor; ended when the block ends."""
    running = Monitor(home, options, variables)
    try:
        running.start()
        yield running
    finally:
        running.kill()


@contextmanager
def worker(home: Path, variables: dict[str, str], *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of the shop in a process group of its own; ended when the block ends."""
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "celery", "-A", "shop.celery", "worker", "-l", "INFO", *options]
    with (home / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env=environment(home, **variables),
            cwd=home,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
