"""The broker, the database, the workers and the monitor of one comparison, as processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.testbed.databases import postgres_server
from tools.testbed.servers import rabbit_server, redis_server
from tools.testbed.waiting import wait_for

START_SECONDS = 180.0
ROOT = Path(__file__).parents[2]
API = "/api/automation/monitoring"
_TOKEN = "ledger-of-all-tasks-0"


class Worker:
    """One worker in a process group of its own. ``kill`` ends it as a lost node would."""

    def __init__(self, name: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def hostname(self) -> str:
        """The name that Celery gives it."""
        return f"{self.name}@{socket.gethostname()}"

    def start(self) -> None:
        """Start it; nothing is waited for."""
        options = ["-n", self.hostname, "-c", "2", "-P", "prefork", "-E", "-l", "INFO"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "tools.ledger.ledger_tasks", "worker", *options],
                env=dict(self._environment),
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL for the worker and its pool."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def log(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-3000:]


@dataclass(frozen=True)
class Stand:
    """What runs. ``environment`` has the URLs for Celery, and LEDGER_URL."""

    environment: Mapping[str, str]
    workers: tuple[Worker, ...]
    url: str

    def get(self, path: str) -> Any:
        """A document of the monitor's API; None for 404."""
        request = urllib.request.Request(
            f"{self.url}{API}{path}", headers={"Authorization": f"Bearer {_TOKEN}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def missed(self) -> dict[str, int]:
        """Missed events by worker."""
        return {one["name"]: one["missed"] for one in self.get("/workers")["workers"]}


@contextmanager
def stand(folder: Path, broker: str, database: str, workers: int) -> Iterator[Stand]:
    """Start everything, and end it with the block."""
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(folder / "redis"))
        urls = {"CELERY_BROKER_URL": redis.database(0), "CELERY_RESULT_BACKEND": redis.database(1)}
        if broker == "rabbitmq":
            urls["CELERY_BROKER_URL"] = stack.enter_context(rabbit_server(folder / "rabbitmq")).url
        url = f"sqlite:///{folder / 'history.sqlite3'}"
        if database == "postgresql":
            url = stack.enter_context(postgres_server()).database()
        paths = os.pathsep.join(str(ROOT / part) for part in ("health", "monitor", "."))
        environment = {**os.environ, **urls, "LEDGER_URL": redis.database(2), "PYTHONPATH": paths}
        monitor = stack.enter_context(_monitor(folder, url, environment))
        started = tuple(Worker(f"w{number}", folder, environment) for number in range(workers))
        for one in started:
            one.start()
            stack.callback(one.kill)
        found = Stand(environment, started, monitor)
        wait_for(
            lambda: sum(one["online"] for one in found.get("/workers")["workers"]) == workers,
            START_SECONDS,
            lambda: "\n".join(one.log() for one in started),
        )
        yield found


@contextmanager
def _monitor(folder: Path, database: str, environment: Mapping[str, str]) -> Iterator[str]:
    log = folder / "monitor.log"
    options = ["--port", "0", "--database", database, "--rate-limit", "none"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery_monitor", *options],
            env={**environment, "CELERY_MONITOR_TOKEN": _TOKEN},
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def listening() -> str | None:
        text = log.read_text(errors="replace")
        assert process.poll() is None, text
        _, found, rest = text.partition(" listens at ")
        return rest.split()[0] if found and rest.split() else None

    try:
        yield wait_for(listening, START_SECONDS, lambda: log.read_text(errors="replace"))
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
