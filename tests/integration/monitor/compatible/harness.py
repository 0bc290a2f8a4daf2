"""The routes of the documents on a real Redis, with real workers that a test can freeze."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp.test_utils import TestClient
from tools.testbed.waiting import wait_for_async

from celery_health.survey.app_connection import resolve
from celery_monitor.control.application import CeleryApplication
from celery_monitor.history import History
from tests.support.monitor_web import VIEWER, served

PROJECT = Path(__file__).parent / "project"

Client = TestClient[Any, Any]


class WorkerProcess:
    """A worker in a process group of its own."""

    def __init__(self, home: Path, broker: str, app: str, name: str, arguments: tuple[str, ...]) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._log = home / f"{name}.log"
        command = [sys.executable, "-m", "celery", "-A", app, "worker", "--loglevel", "INFO"]
        command += ["-n", f"{name}@hostname", "--concurrency", "2", *arguments]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=PROJECT,
                env={**os.environ, "TEST_BROKER": broker},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def freeze(self) -> None:
        """Stop the worker's main process: it keeps its connections and answers nothing."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=10)

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]


@contextmanager
def worker(
    home: Path, broker: str, app: str = "upstream", name: str = "worker1", arguments: tuple[str, ...] = ()
) -> Iterator[WorkerProcess]:
    """A worker that is ended when the block ends."""
    process = WorkerProcess(home, broker, app, name, arguments)
    try:
        yield process
    finally:
        process.kill()


@asynccontextmanager
async def monitor(
    broker: str,
    *,
    app: Any = None,
    name: str | None = None,
    submit: Mapping[str, str] | None = None,
    **parts: Any,
) -> AsyncIterator[Client]:
    """A client of a monitor of this broker. ``app``: as with ``--app``."""
    # With --app its own URLs count: options would also be set in the environment of this process.
    connection = resolve(app, name, None, None, {}) if app else resolve(None, None, broker, broker, {})
    application = CeleryApplication.of(connection, submit or {})
    with TemporaryDirectory() as folder:
        history = await History.open(f"sqlite:///{folder}/history.sqlite")
        try:
            async with served(**{"application": application, "history": history, **parts}) as client:
                yield client
        finally:
            await history.close()


async def get(client: Client, path: str) -> tuple[int, Any]:
    """The status and the document of a route, or its text if it answers no JSON, for a viewer."""
    async with client.get(path, headers=VIEWER) as response:
        is_json = response.content_type == "application/json"
        return response.status, await (response.json() if is_json else response.text())


async def until(client: Client, path: str, condition: Any, seconds: float = 300.0) -> Any:
    """The document of a route as soon as ``condition(status, document)`` is true.

    A check takes 3 s at most: on a busy machine it may miss a broker or a worker that is well.
    """
    last: list[Any] = []

    async def met() -> Any:
        last[:] = await get(client, path)
        try:
            return last if condition(*last) else None
        except (KeyError, TypeError):  # an error has other fields
            return None

    _, document = await wait_for_async(met, seconds, lambda: f"{path}; last: {last}")
    return document


def answered(status: int, _: Any) -> bool:
    """The condition of a route that answers 503 when it was not done in time."""
    return status == 200
