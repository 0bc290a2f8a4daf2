"""Programs as the examples start them: with Celery and Flower of their own, and a real Redis."""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from celery import Celery
from tools.testbed.celery_versions import FLOWER

from tests.integration.cli.harness import UNSET

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
PROJECT = Path(__file__).parent / "project"
PROGRAMS = Path(sys.executable).parent
APP = "local_shop"


def environment(broker: str = "", **more: str) -> dict[str, str]:
    """``celery`` is that of the world FLOWER, other programs are those of this checkout."""
    kept = {name: value for name, value in os.environ.items() if name not in (*UNSET, "NO_COLOR")}
    named = {"CELERY_BROKER_URL": broker, "CELERY_RESULT_BACKEND": broker} if broker else {}
    path = os.pathsep.join((_programs(), str(PROGRAMS), os.environ["PATH"]))
    return {**kept, **named, "PATH": path, "CELERY_APP": APP, **more}


@cache
def _programs() -> str:
    """A folder with the programs ``celery`` and ``python`` of the world FLOWER.

    Those of its environment name the folder in which the environment was made.
    """
    folder = Path(tempfile.mkdtemp(prefix="programs-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name, start in {"celery": f"{FLOWER.python()} -m celery", "python": str(FLOWER.python())}.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {start} "$@"\n')
        (folder / name).chmod(0o755)
    return str(folder)


class Program:
    """A running program in a process group of its own, and what it prints."""

    def __init__(self, command: Sequence[str], env: dict[str, str], log: Path, cwd: Path = PROJECT):
        self._log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                command, cwd=cwd, env=env, stdout=file, stderr=file, start_new_session=True
            )

    def printed(self) -> str:
        return self._log.read_text()

    def has_printed(self, text: str) -> bool:
        assert self.process.poll() is None or text in self.printed(), self.printed()
        return text in self.printed()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, seconds: float = 60) -> int:
        """Its exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it runs on after {seconds:g} s: {self.printed()}") from None


@contextmanager
def program(command: Sequence[str], env: dict[str, str], log: Path, cwd: Path = PROJECT) -> Iterator[Program]:
    """A program, ended with all that it started when the block ends."""
    started = Program(command, env, log, cwd)
    try:
        yield started
    finally:
        for pid in (*descendants(started.process.pid), started.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        started.process.wait(timeout=20)


def descendants(pid: int) -> list[int]:
    """The processes that this process and its children have started."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found[1:]


def commands(pids: Sequence[int]) -> dict[int, str]:
    """The command line of each process that lives."""
    found = {}
    for pid in pids:
        with suppress(OSError):
            found[pid] = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    return {pid: command for pid, command in found.items() if command}


def send(broker: str, task: str, *arguments: object, times: int = 1) -> None:
    """Send a task of the application."""
    with Celery(broker=broker, set_as_current=False) as app:
        for _ in range(times):
            app.send_task(task, arguments)
