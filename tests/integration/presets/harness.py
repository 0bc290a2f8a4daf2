"""Workers of any supported Celery with every preset, and a client for them."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from celery import Celery
from redis import Redis
from tools.testbed.celery_versions import World
from tools.testbed.waiting import BUSY_SECONDS, wait_for

PROJECT = Path(__file__).parent / "project"
ROOT = Path(__file__).resolve().parents[3]
SOURCES = f"{ROOT / 'health'}:{ROOT / 'probe'}"


class PresetWorker:
    """``celery -A APP worker`` in a process group of its own; what it prints is in ``home``."""

    def __init__(
        self,
        home: Path,
        world: World,
        broker: str,
        backend: str,
        env: dict[str, str],
        *,
        app: str = "preset_app",
        module: str = "celery",
    ) -> None:
        home.mkdir(exist_ok=True)
        self.home = home
        self._command = ["-m", module, "-A", app, "worker", "--loglevel", "INFO"]
        self._python = str(world.python())
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.env = {**kept, "PYTHONPATH": SOURCES, "TEST_BROKER": broker, "TEST_BACKEND": backend, **env}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        """Start it; nothing is waited for."""
        with (self.home / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self._python, *self._command, *arguments],
                env=self.env,
                cwd=PROJECT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Wait until it says that it is."""
        wait_for(lambda: "ready." in self.printed(), 40 + BUSY_SECONDS, self.printed)

    def run(self, script: str) -> str:
        """What a script prints that runs beside it, on the same Celery and in the same surroundings."""
        command = [self._python, "-c", script]
        done = subprocess.run(
            command, env=self.env, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def wait_ended(self) -> int:
        """Wait for its end, and give its exit code."""
        assert self.process is not None
        return self.process.wait(timeout=60)

    def printed(self) -> str:
        """All that it printed."""
        return (self.home / "worker.log").read_text(errors="replace")

    def end(self) -> None:
        """End what of it still lives."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=10)


@contextmanager
def preset_worker(
    home: Path, world: World, broker: str, backend: str, *arguments: str, **env: str
) -> Iterator[PresetWorker]:
    """A started worker, ended with the block. ``arguments`` follow ``celery worker``."""
    worker = PresetWorker(home, world, broker, backend, env)
    try:
        worker.start(*arguments)
        yield worker
    finally:
        worker.end()


class Client:
    """Sends tasks to such workers, and reads their results as they lie in Redis."""

    def __init__(self, broker: str, store: str) -> None:
        # Without a result backend of its own: that one's listening connection outlives the application.
        self.app = Celery("client", broker=broker, set_as_current=False)
        self._store = Redis.from_url(store)

    def result_of(self, task: str, *args: Any, queue: str = "default") -> Any:
        """What the task gives; it is sent with the exchange and key that the preset's queues have."""
        sent = self.app.send_task(task, args, queue=queue)
        meta = wait_for(lambda: self._ended(sent.id), 40, f"the result of {task}")
        assert meta["status"] == "SUCCESS", meta
        return meta["result"]

    def close(self) -> None:
        """Close its connections."""
        self.app.close()
        self._store.close()

    def _ended(self, task_id: str) -> dict[str, Any] | None:
        found: bytes | None = self._store.get(f"celery-task-meta-{task_id}")  # type: ignore[assignment]
        meta: dict[str, Any] = json.loads(found) if found else {}
        return meta if meta.get("status") in {"SUCCESS", "FAILURE"} else None


@contextmanager
def client(broker: str, store: str) -> Iterator[Client]:
    """A client, closed with the block."""
    found = Client(broker, store)
    try:
        yield found
    finally:
        found.close()
