"""The programs under measurement, started as in a pod but on this machine."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.errors import BenchError

ROOT = Path(__file__).resolve().parent.parent
SHOP = ROOT / "examples" / "shop"
TOKEN = "bench"


class Program:
    """A running program, with what it prints in a log file."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.pid = process.pid
        self._process = process
        self._log = log

    def must_run(self) -> None:
        """Raise BenchError, with the last lines of its log, if the program has ended."""
        if self._process.poll() is not None:
            tail = self._log.read_text(errors="replace")[-2000:]
            raise BenchError(f"{self._process.args!r} ended with {self._process.returncode}:\n{tail}")

    def end(self) -> None:
        """Ask the program to end, and wait for that; after 30 s it is killed with all its children."""
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait(timeout=10)


@contextmanager
def running(command: Sequence[str], env: Mapping[str, str], log: Path) -> Iterator[Program]:
    """A program that runs while the block does."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **env},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    program = Program(process, log)
    try:
        yield program
    finally:
        program.end()


@contextmanager
def workplace() -> Iterator[Path]:
    """An empty directory in memory, as a pod's probe volume is; gone after the block."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="celery-bench-", dir=shared if shared.is_dir() else None) as path:
        yield Path(path)


def celery_command(*arguments: str, agent: Path | None = None) -> list[str]:
    """``celery ARGUMENTS``, with the agent of that directory inside if there is one."""
    return [sys.executable, *(["-m", "celery"] if agent is None else [str(agent)]), *arguments]


def sidecar_command() -> list[str]:
    """``celery-probe serve``."""
    return [sys.executable, "-m", "celery_probe.sidecar", "serve"]


def python_environment(directory: Path) -> dict[str, str]:
    """Compiled modules are kept in ``directory``, as an image has them: from the second start on, nothing
    compiles, whatever the shell that starts the measurement has set.
    """
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(directory / "bytecode")}


def shop_environment(broker: str, results: str) -> dict[str, str]:
    """What the example application needs, wherever it is started."""
    return {"CELERY_BROKER_URL": broker, "CELERY_RESULT_BACKEND": results, "PYTHONPATH": str(SHOP)}


def probe_environment(directory: Path, port: int) -> dict[str, str]:
    """What agent and sidecar need, as the operator sets it in a pod."""
    return {
        "CELERY_PROBE_DIRECTORY": str(directory),
        "CELERY_PROBE_PORT": str(port),
        "CELERY_PROBE_TOKEN": TOKEN,
    }
