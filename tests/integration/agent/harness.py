"""Real workers with the agent inside, as child processes, and what tests ask of them."""

import fcntl
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from celery import Celery
from tools.testbed.celery_versions import World
from tools.testbed.waiting import wait_for

from celery_health.wire.worker_report import WORKER_REPORT, WorkerReport
from celery_probe.bundle import install
from celery_probe.pod import SITE_FOLDER
from tests.support.documents import read_exact

PROJECT = Path(__file__).parent / "project"
POOLS = ("prefork", "threads", "gevent", "eventlet", "solo")
GREEN_POOLS = ("gevent", "eventlet")
NO_LIMITS: Mapping[str, float] = {}


class AgentWorker:
    """A worker that ``python DIRECTORY worker`` runs, with everything that it writes under ``home``.

    ``program``: a script that starts the worker instead, and gets the agent by PYTHONPATH. ``limits``: other
    values for limits of the product, by file of the installed agent and name (``stop.py:STALE_SECONDS``).
    Use it where a pause of a busy machine would pass a limit that the test is not about.
    """

    def __init__(
        self,
        home: Path,
        world: World,
        pool: str,
        broker: str,
        *,
        arguments: Sequence[str] = (),
        env: dict[str, str] | None = None,
        command: Sequence[str] = (),
        launcher: Sequence[str] = (),
        program: str = "",
        limits: Mapping[str, float] = NO_LIMITS,
    ):
        self.home = home
        self.directory = home / "probe"
        self.notes = home / "notes"
        self.run = self.directory / "run"
        home.mkdir(parents=True, exist_ok=True)
        install(self.directory)
        for place, value in limits.items():
            file, name = place.split(":")
            self._set_limit(file, name, value)
        self._python = str(world.python())
        options = ["--pool", pool, "--concurrency", "2", "--loglevel", "INFO", *arguments]
        started = [program] if program else [str(self.directory), "-A", "agent_app"]
        self._command = [*launcher, self._python, *started, *(command or ["worker", *options])]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._env = {
            **kept,
            "TEST_BROKER": broker,
            "TEST_NOTES": str(self.notes),
            "TEST_GATES": str(home),
            "CELERY_PROBE_DIRECTORY": str(self.directory),
            "PYTHONFAULTHANDLER": "1",
            **({"PYTHONPATH": str(self.directory / SITE_FOLDER)} if program else {}),
            **(env or {}),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def _set_limit(self, file: str, name: str, value: float) -> None:
        path = self.directory / file
        text, count = re.subn(rf"^{name} = .*$", f"{name} = {value}", path.read_text(), flags=re.MULTILINE)
        assert count == 1, f"{name} in {file}"
        path.write_text(text)

    def start(self) -> None:
        """Start the process; nothing is waited for."""
        with (self.home / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=self._env, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True
            )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run this world's Python with other arguments in the same surroundings, to its end."""
        return subprocess.run(
            [self._python, *arguments],
            env=self._env,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def spawn(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start this world's Python with other arguments in the same surroundings; the caller ends it."""
        with (self.home / "spawned.log").open("ab") as log:
            command = [self._python, *arguments]
            return subprocess.Popen(
                command, env=self._env, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True
            )

    def report(self) -> WorkerReport | None:
        """The latest report, which has to be exactly what the contract declares; None before the first."""
        try:
            return read_exact(WORKER_REPORT, (self.run / "report.json").read_bytes())
        except FileNotFoundError:
            return None

    def wait_until(
        self, condition: Callable[[WorkerReport], Any], timeout: float = 60.0, describe: str = "the report"
    ) -> WorkerReport:
        """Wait for a report that fulfils the condition, and return it."""

        def fitting() -> WorkerReport | None:
            report = self.report()
            return report if report and condition(report) else None

        return wait_for(fitting, timeout, lambda: f"{describe}\nlast: {self.report()}\n{self.log()}")

    def wait_until_consuming(self, timeout: float = 90.0) -> WorkerReport:
        """Wait until the worker says that messages reach it."""
        return self.wait_until(
            lambda report: report.phase == "consuming" and report.consuming, timeout, "the worker consumes"
        )

    def wait_for_beats(self, seconds: float) -> WorkerReport:
        """Wait until the consumer's loop has gone on for so long, and return the report of then."""
        first = self.wait_until(lambda report: report.loop_mono is not None)
        until = (first.loop_mono or 0) + seconds
        return self.wait_until(lambda report: report.loop_mono and report.loop_mono > until)

    def drain(self) -> None:
        """Request that the worker fetches nothing more."""
        (self.run / "drain").touch()

    def wait_until_empty(self) -> None:
        """Wait until a worker that drains has no task any more."""
        self.wait_until(
            lambda report: report.phase == "draining" and not (report.active_count or report.reserved),
            describe="the worker drains and is empty",
        )

    def drain_until_empty(self) -> None:
        """Drain, and wait for the end of the tasks that the worker has."""
        self.drain()
        self.wait_until_empty()

    def undrain(self) -> None:
        """Take that request back."""
        (self.run / "drain").unlink()

    def stop_hook(self, seconds: float, port: int) -> "subprocess.Popen[bytes]":
        """Start what the kubelet runs before it stops the worker; ``port`` is the sidecar's."""
        command = [self._python, "-ES", str(self.directory / "stop.py"), str(seconds), str(port)]
        with (self.home / "worker.log").open("ab") as log:
            return subprocess.Popen(command, cwd="/", stdout=log, stderr=log)

    def hold(self, app: Celery, *names: str, queue: str = "celery", **options: Any) -> str:
        """Send tasks that run until ``release`` and then note their names; gives the id of the last."""
        sent = [app.send_task("agent_app.hold", (name,), queue=queue, **options).id for name in names]
        return str(sent[-1])

    def release(self, *names: str) -> None:
        """Let the held tasks of these names end in this worker."""
        for name in names:
            (self.home / f"gate-{name}").touch()

    def ran(self) -> list[str]:
        """The names that tasks noted, in the order in which they ran."""
        return self.notes.read_text().split() if self.notes.exists() else []

    def lock_is_held(self) -> bool:
        """Whether the worker's process lives, as the sidecar finds out."""
        with (self.run / "worker.lock").open("rb") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def has_ended(self) -> bool:
        """Whether the process ended by itself."""
        return self.process is not None and self.process.poll() is not None

    def terminate(self, timeout: float = 45.0) -> int:
        """Warm shutdown; gives the exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.wait_for_end(timeout)

    def wait_for_end(self, timeout: float = 45.0) -> int:
        """Wait for the end that SIGTERM has begun, and give the exit status.

        The stop hook sends it itself. A second SIGTERM may come when Python is at its end and handles none,
        so that it would be the exit status. A worker that hangs prints the stacks of its threads.

        Celery reads no more results of a task that it gave back just before its pool child began it. Such a
        child waits 30 s for that at its end (billiard's ``_ensure_messages_consumed``).
        """
        assert self.process is not None
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(timeout=10)
            raise AssertionError(f"the worker did not end within {timeout:g} s:\n{self.log()}") from None

    def end(self) -> None:
        """End whatever of the worker's process group still lives."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)

    def log(self) -> str:
        """The end of what the worker printed."""
        return (self.home / "worker.log").read_text(errors="replace")[-3000:]


@contextmanager
def agent_worker(
    home: Path,
    world: World,
    pool: str,
    broker: str,
    *,
    arguments: Sequence[str] = (),
    env: dict[str, str] | None = None,
    launcher: Sequence[str] = (),
    program: str = "",
    limits: Mapping[str, float] = NO_LIMITS,
    start: bool = True,
) -> Iterator[AgentWorker]:
    """A started worker, ended with the block. ``launcher``: a command that runs the worker's in its place."""
    worker = AgentWorker(
        home,
        world,
        pool,
        broker,
        arguments=arguments,
        env=env,
        launcher=launcher,
        program=program,
        limits=limits,
    )
    try:
        if start:
            worker.start()
        yield worker
    finally:
        worker.end()


@contextmanager
def producer(broker: str) -> Iterator[Celery]:
    """An application to send tasks by name with; its connections are closed with the block."""
    app = Celery("producer", broker=broker, set_as_current=False)
    app.conf.task_ignore_result = True
    try:
        yield app
    finally:
        app.close()
