"""The monitor as a process, workers that note each run in a file, and requests that change something."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery import Celery
from tools.testbed.waiting import wait_for

from tests.integration.monitor.monitor_process import API, TOKEN, Monitor, environment

PROJECT = Path(__file__).parent / "project"
WAIT_SECONDS = 300.0


@dataclass
class World:
    """One broker with the files of one test in ``home``."""

    home: Path
    broker: str
    backend: str | None = None
    queue: str = "celery"

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    def ids_that_ran(self) -> list[str]:
        """The id of each run, oldest first."""
        return [line.split()[0] for line in self.run_lines()]

    def run_lines(self) -> list[str]:
        return self.runs.read_text().splitlines() if self.runs.exists() else []

    def sender(self) -> Celery:
        app = Celery("sender", broker=self.broker, set_as_current=False)
        app.conf.task_send_sent_event = True
        return app

    def send(self, name: str, *args: Any, **options: Any) -> str:
        options.setdefault("queue", self.queue)
        kwargs = options.pop("kwargs", {})
        app = self.sender()
        try:
            return str(app.send_task(name, args=args, kwargs=kwargs, **options).id)
        finally:
            app.close()

    @contextmanager
    def monitor(self, *options: str, name: str = "monitor") -> Iterator[Monitor]:
        """A running monitor; killed when the block ends."""
        self.home.mkdir(parents=True, exist_ok=True)
        backend = ["--result-backend", self.backend] if self.backend else []
        running = Monitor(self.home / name, ["--broker", self.broker, *backend, *options])
        try:
            running.start()
            wait_for(lambda: running.request("/readyz", None)[0] == 200, WAIT_SECONDS, running.text)
            yield running
        finally:
            running.kill()

    @contextmanager
    def worker(
        self, name: str, *options: str, answered_by: Monitor | None = None
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """A worker of ``jobs`` in a process group of its own; killed when the block ends.

        ``answered_by``: a monitor that answers it at its start which tasks are cancelled.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "celery", "-A", "jobs", "worker", "-l", "INFO", "-E"]
        command += ["-n", f"{name}@test", "-Q", self.queue, "-c", "2", *options]
        more = {"TEST_BACKEND": self.backend} if self.backend else {}
        if answered_by is not None:
            more["TEST_PATIENT"] = "1"
            text = "Receives remote control"
            wait_for(lambda: text in answered_by.text(), WAIT_SECONDS, answered_by.text)
        variables = environment(self.home, TEST_BROKER=self.broker, TEST_RUNS=str(self.runs), **more)
        variables["PYTHONPATH"] += os.pathsep + str(PROJECT)
        with (self.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=variables, cwd=self.home, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log(self, name: str) -> str:
        return (self.home / f"{name}.log").read_text(errors="replace")[-6000:]


def change(monitor: Monitor, path: str, body: Any = None, method: str = "POST") -> tuple[int, Any]:
    """Status and document of a request that changes something, as an admin."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{monitor.url}{API}{path}", data=data, method=method)
    request.add_header("Authorization", f"Bearer {TOKEN}")
    if data is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def until_state(monitor: Monitor, task_id: str, *states: str) -> Any:
    """The task as soon as it is in one of the states."""

    def reached() -> Any:
        task = monitor.task(task_id)
        return task if task is not None and task["state"] in states else None

    return wait_for(reached, WAIT_SECONDS, lambda: f"{monitor.task(task_id)}\n{monitor.text()}")


def until_known(monitor: Monitor, queue: str) -> None:
    """Wait until the monitor has seen that tasks are sent to a queue."""
    path = f"{API}/queues/{queue}"
    wait_for(lambda: monitor.request(path)[0] == 200, WAIT_SECONDS, monitor.text)
