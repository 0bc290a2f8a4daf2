"""The two monitors under measurement, and the publisher of their events."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from tools.testbed.celery_versions import World

from bench.errors import BenchError
from bench.measure import cpu_seconds, family, memory
from bench.programs import ROOT, Program, running

FLOWER = World("flower-2.2.0", ("flower==2.2.0", "celery==5.6.3", "kombu[redis]==5.6.2", "redis==6.4.0"))
_WAIT_SECONDS = 300.0
_NO_PROGRESS_SECONDS = 20.0
# Each poll costs the monitors a little.
_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Result:
    """What one monitor did with the events. ``pss`` in bytes, at the end; ``cpu`` and ``wall`` in seconds."""

    published: int
    received: int
    dropped: int
    cpu: float
    wall: float
    pss: int

    @property
    def per_cpu_second(self) -> float:
        """Events per second of CPU time."""
        return self.received / self.cpu

    @property
    def lost(self) -> int:
        """Events that were neither merged nor counted as dropped."""
        return self.published - self.received - self.dropped


@dataclass(frozen=True, slots=True)
class Load:
    """Events to publish: tasks of three events each, ``batch`` events in a message, ``rate`` a second."""

    tasks: int
    batch: int
    rate: float


def of_ours(directory: Path, port: int, load: Load, database: str = "") -> Result:
    """Measure the monitor's ingestion."""
    state = directory / "state.json"
    state.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bench.monitor.receive", redis_url(port), str(state)]
    command += ["--database", database] if database else []
    with running(command, environment(), directory / "ours.log") as program:
        _wait(program, lambda: bool(_state(state).get("connected")))
        return _measured(
            program, port, load, lambda: _ours(state, load.batch), lambda: bool(_state(state).get("idle"))
        )


def of_flower(directory: Path, port: int, load: Load) -> Result:
    """Measure Flower."""
    http = port + 1
    command = [str(FLOWER.python()), "-m", "celery", f"--broker={redis_url(port)}", "flower"]
    command += [f"--port={http}", "--address=127.0.0.1", "--logging=warning"]
    with running(command, {"FLOWER_UNAUTHENTICATED_API": "true"}, directory / "flower.log") as program:
        _wait(program, lambda: _flower_events(http) is not None and _subscribed(port))
        return _measured(program, port, load, lambda: (int(_flower_events(http) or 0), 0), lambda: True)


def _measured(
    program: Program,
    port: int,
    load: Load,
    counts: Callable[[], tuple[int, int]],
    is_idle: Callable[[], bool],
) -> Result:
    """Publish, and wait until the monitor has counted and stored all events, or counts no more."""
    before, dropped_before = counts()
    used = _cpu(program)
    began = time.monotonic()
    published, _ = publish(redis_url(port), load)
    last, since = -1, time.monotonic()
    while True:
        received, dropped = counts()
        complete = received + dropped - before >= published and is_idle()
        if complete or time.monotonic() - since > _NO_PROGRESS_SECONDS:
            break
        if received + dropped != last:
            last, since = received + dropped, time.monotonic()
        program.must_run()
        time.sleep(_POLL_SECONDS)
    return Result(
        published=published,
        received=received - before,
        dropped=dropped - dropped_before,
        cpu=_cpu(program) - used,
        wall=time.monotonic() - began,
        pss=memory(family(program.pid)).pss,
    )


def publish(broker: str, load: Load) -> tuple[int, float]:
    """Publish the events from a process of its own: how many, and how many seconds that took."""
    command = [sys.executable, "-m", "bench.monitor.publish", broker]
    command += [str(load.tasks), str(load.batch), str(load.rate)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        raise BenchError(f"The publisher failed:\n{done.stderr[-2000:]}")
    published, seconds = done.stdout.split()
    return int(published), float(seconds)


def redis_url(port: int) -> str:
    """The broker URL of a Redis on this machine."""
    return f"redis://127.0.0.1:{port}/0"


def environment() -> dict[str, str]:
    """What the programs of the monitor need to be imported."""
    roots = (ROOT, *(ROOT / root for root in ("health", "monitor")))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))}


def _cpu(program: Program) -> float:
    return cpu_seconds(family(program.pid))


def _ours(state: Path, batch: int) -> tuple[int, int]:
    document = _state(state)
    return int(document.get("events", 0)), int(document.get("dropped", 0)) * batch


def _state(state: Path) -> dict[str, float]:
    try:
        document: dict[str, float] = json.loads(state.read_text())
    except FileNotFoundError:
        return {}
    return document


def _flower_events(port: int) -> int | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=120) as answer:
            lines = answer.read().decode().splitlines()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None
    return int(
        sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("flower_events_total{"))
    )


def _subscribed(port: int) -> bool:
    return bool(Redis(port=port).pubsub_numpat())


def _wait(program: Program, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not condition():
        program.must_run()
        if time.monotonic() > deadline:
            raise BenchError("A monitor did not begin to receive events.")
        time.sleep(_POLL_SECONDS)
