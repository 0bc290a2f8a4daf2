"""The programs as a user runs them, and real workers for them to find."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.testbed.celery_versions import World

import celery_health

PROJECT = Path(__file__).parent / "project"
HEALTH = Path(celery_health.__file__).parents[1]
PROGRAMS = Path(sys.executable).parent
UNSET = ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "REDIS_URL", "REDIS_HOST", "DATABASE_URL")


@dataclass(frozen=True)
class Outcome:
    """How a program ended."""

    code: int
    out: str
    err: str
    took: float
    processor: float
    """Seconds of the processor's time: as long as it takes on an idle machine, besides waiting."""

    @property
    def document(self) -> Any:
        """Its output, where that is JSON."""
        return json.loads(self.out)

    @property
    def reasons(self) -> set[str]:
        """The reasons of all problems in its JSON."""
        return {problem["reason"] for problem in self.document["problems"]}

    def checked(self) -> "Outcome":
        """Itself. Fails if it shows a traceback or the tests' password."""
        assert "Traceback" not in self.out + self.err, self
        assert "geheim" not in self.out + self.err, self
        return self


def environment(broker: str = "", **more: str) -> dict[str, str]:
    """This process's environment, without variables that name another broker."""
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    store = "rpc://" if broker.startswith("amqp") else broker
    return {**kept, "TEST_BROKER": broker, "TEST_STORE": store, **more}


def run(
    *arguments: str, broker: str = "", program: str = "celery-health", home: Path = PROJECT, **env: str
) -> Outcome:
    """Run a program in the project's folder, or in another one, to its end."""
    began, used = time.monotonic(), _processor()
    done = subprocess.run(
        [str(PROGRAMS / program), *arguments],
        cwd=home,
        env=environment(broker, **env),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    took = time.monotonic() - began
    outcome = Outcome(done.returncode, done.stdout, done.stderr, took, _processor() - used)
    return outcome.checked()


def _processor() -> float:
    """Seconds used by the processes that this one has started and waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def worker(
    home: Path, world: World, broker: str, arguments: Sequence[str] = (), app: str = "cli_shop", **more: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker of a Celery version, in a process group of its own; ended when the block ends."""
    home.mkdir(parents=True, exist_ok=True)
    command = [str(world.python()), "-m", "celery", "-A", app, "worker", "--loglevel", "INFO"]
    command += ["--concurrency", "2", *arguments]
    # Of this checkout nothing but what an application may import: the worker has its own libraries.
    env = {**environment(broker), "PYTHONPATH": str(HEALTH), **more}
    with (home / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait(timeout=10)
