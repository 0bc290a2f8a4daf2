"""The figures of the monitor's WebSocket."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tools.testbed.servers import redis_server

from bench.errors import BenchError
from bench.measure import cpu_seconds, family, memory
from bench.monitor.events import EVENTS_OF_A_TASK
from bench.monitor.programs import redis_url
from bench.monitor.websocket.clients import FILTERS, INTERVAL
from bench.programs import ROOT, Program, running
from bench.report import Figure

CLIENTS = 200
STOPPED = 50
RATE = 1_000
"""Events per second."""
_TOKEN = "0123456789abcdef0123"
_WAIT_SECONDS = 600.0
_MEGABYTE = 1_000_000
_KILOBYTE = 1_000

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Result:
    """One run.

    ``cores``: CPU seconds of the monitor for the events of one second; too much, if the machine is so busy
    that publishing them takes longer. ``rate``: events that were published per second. ``pss`` in bytes, at
    the end.
    """

    cores: float
    rate: float
    pss: int
    p50: float
    p95: float
    longest: float
    sampled: int
    messages: int
    bytes: int
    ended: int


def measure(quick: bool) -> Sequence[Figure]:
    """Measure the monitor without clients, with clients, and with clients that stop reading as well."""
    seconds = 5 if quick else 60
    with (
        tempfile.TemporaryDirectory(prefix="celery-bench-") as name,
        redis_server(Path(name) / "redis") as redis,
    ):
        runs = [
            _run(Path(name) / f"{reading}-{stopped}", redis.port, reading, stopped, seconds)
            for reading, stopped in ((0, 0), (CLIENTS, 0), (CLIENTS, STOPPED))
        ]
    return _figures(runs[0], runs[1], runs[2], seconds)


def _figures(alone: Result, full: Result, stopped: Result, seconds: int) -> list[Figure]:
    return [
        Figure(
            "the monitor without clients", alone.cores, "cores", how=f"{_load(alone)}; {_megabytes(alone)}"
        ),
        Figure(
            f"the monitor with {CLIENTS} clients",
            full.cores,
            "cores",
            at_most=1.0,
            how=f"{_load(full)}, each client with an interval of {INTERVAL} s, 3 topics and the newest 100 "
            f"tasks, half of them of one of {FILTERS} filters; {full.messages:,} messages of "
            f"{full.bytes / full.messages / _KILOBYTE:.0f} kB on average for {seconds * RATE:,} events",
        ),
        Figure("its memory", full.pss / _MEGABYTE, "MB", at_most=250, how="PSS, with SQLite"),
        Figure(
            "from an event to the client, p95",
            full.p95,
            "s",
            at_most=1.0,
            how=f"median {full.p50:.2f} s, longest {full.longest:.2f} s, of {full.sampled:,} changes; "
            f"connections lost: {full.ended}",
        ),
        Figure(
            "memory for a client that stops reading",
            max(0.0, (stopped.pss - full.pss) / STOPPED / _KILOBYTE),
            "kB",
            at_most=1_000,
            how=f"{STOPPED} more clients, which read only their first message; {_megabytes(stopped)}",
        ),
        Figure(
            "CPU for a client that stops reading",
            max(0.0, (stopped.cores - full.cores) / STOPPED * 1_000),
            "thousandths of a core",
            at_most=1.0,
            how=f"{_load(stopped)}; {stopped.cores:.2f} cores in all",
        ),
    ]


def _load(result: Result) -> str:
    return f"{result.rate:,.0f} of {RATE:,} events/s could be published"


def _megabytes(result: Result) -> str:
    return f"{result.pss / _MEGABYTE:.0f} MB PSS"


def _run(directory: Path, port: int, reading: int, stopped: int, seconds: int) -> Result:
    directory.mkdir()
    ready, result, log = directory / "ready", directory / "result.json", directory / "monitor.log"
    command = [sys.executable, "-m", "celery_monitor", "--port", "0", "--rate-limit", "none"]
    command += ["--broker", f"redis://127.0.0.1:{port}/0", "--database", f"sqlite:///{directory}/history.db"]
    environment = _environment() | {"CELERY_MONITOR_TOKEN": _TOKEN, "HOME": str(directory)}
    with ExitStack() as stack:
        monitor = stack.enter_context(running(command, environment, log))
        url = _until(monitor, lambda: _url(log))
        with running(
            [
                *(sys.executable, "-m", "bench.monitor.websocket.clients"),
                *(f"{url}/api/automation/monitoring/ws", _TOKEN, str(reading), str(stopped)),
                *(str(ready), str(result)),
            ],
            environment,
            directory / "clients.log",
        ) as clients:
            _until(clients, ready.exists)
            cpu, wall, pss = _measured(monitor, port, seconds, directory)
            clients.must_run()
        document = json.loads(result.read_text())
    return Result(cores=cpu / seconds, rate=RATE * seconds / wall, pss=pss, **document)


def _measured(monitor: Program, port: int, seconds: int, directory: Path) -> tuple[float, float, int]:
    """Publish, and measure meanwhile: CPU seconds, seconds, and the memory at the end."""
    command = [sys.executable, "-m", "bench.monitor.publish", redis_url(port)]
    command += [str(RATE * seconds // EVENTS_OF_A_TASK), "1", str(RATE)]
    used, began = cpu_seconds(family(monitor.pid)), time.monotonic()
    log = directory / "publish.log"
    with running(command, _environment(), log):
        printed = _until(monitor, lambda: log.read_text() or None)
        wall = time.monotonic() - began
        if not printed[0].isdecimal():
            raise BenchError(f"The publisher failed:\n{printed[-2000:]}")
    return cpu_seconds(family(monitor.pid)) - used, wall, memory(family(monitor.pid)).pss


def _environment() -> dict[str, str]:
    roots = (ROOT, *(ROOT / root for root in ("health", "monitor")))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))}


def _url(log: Path) -> str | None:
    _, found, rest = log.read_text(errors="replace").partition(" listens at ")
    return rest.split()[0] if found and rest.split() else None


def _until(program: Program, condition: Callable[[], Found | None]) -> Found:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not (found := condition()):
        program.must_run()
        if time.monotonic() > deadline:
            raise BenchError("The monitor or its clients did not get ready.")
        time.sleep(0.1)
    return found
