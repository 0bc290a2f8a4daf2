"""What the kubelet runs before it stops a worker: ``python -ES /celery-probe/stop.py SECONDS PORT``.

It is also the ``stop.py`` of an installed bundle, and runs in the worker's container. It ends when SIGTERM
may come: the worker fetches nothing and runs nothing. It does not wait for a worker that is not live, has
ended or has no agent. ``SECONDS`` is how long tasks may take to end. After that, unacknowledged messages go
back to the broker; the grace period has to leave ``GIVE_BACK_SECONDS`` and some more for it.

The kubelet's SIGTERM goes to the main process of the container. Where that is a shell or another program that
started the worker, the signal may go no further. So the hook sends it to the worker itself.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from time import sleep
from typing import Any, Callable, Mapping

from celery_probe.agent import natives
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.worker.state import CONSUMING, DRAINING

POLL_SECONDS = 0.2
# A report comes every second.
STALE_SECONDS = 5.0
# An idle worker stops fetching within two or three seconds: one that takes longer is left to Celery.
DRAIN_SECONDS = 10.0
GIVE_BACK_SECONDS = 3.0
SIDECAR_SECONDS = 1.0


def main() -> None:
    """Wait as the arguments of this process request."""
    seconds, port = float(sys.argv[1]), int(sys.argv[2])
    directory = ReportDirectory(str(Path(__file__).resolve().parent))
    # Without a file the worker knows nothing of the stop, but SIGTERM still has to reach it.
    with suppress(OSError):
        stop(directory, seconds, lambda: fails_liveness(port))
    terminate_started_by_another(directory)


def stop(directory: ReportDirectory, seconds: float, fails: Callable[[], bool]) -> None:
    """Have the worker of this directory finish its tasks, or give them back."""
    requested = natives.monotonic()
    idle_since: float | None = None

    def is_over() -> bool:
        nonlocal idle_since
        report = _report(directory)
        if report is None or report["active_count"]:
            idle_since = None
        elif idle_since is None:
            idle_since = report["written_mono"]
        return fails() or is_finished(report, requested, natives.monotonic(), idle_since or requested)

    directory.request_stop()
    if not _wait(is_over, requested + seconds):
        directory.request_give_back()
        _wait(is_over, natives.monotonic() + GIVE_BACK_SECONDS)


def is_finished(report: Mapping[str, Any] | None, requested: float, now: float, idle_since: float) -> bool:
    """Whether there is nothing to wait for.

    ``requested``: when the stop was requested. ``idle_since``: when the worker first reported no active task.
    """
    if report is None or now - report["written_mono"] > STALE_SECONDS:
        return True
    if report["active_count"]:
        return False
    if report["phase"] == DRAINING:
        # Before its loop has turned once more it may still start a reserved task. In the same turn it
        # acknowledges those that have ended, which Celery 5.3 leaves out in a shutdown.
        return bool(report["loop_mono"] > max(requested, idle_since))
    return report["phase"] != CONSUMING or now - requested > DRAIN_SECONDS


def terminate_started_by_another(directory: ReportDirectory) -> None:
    """Send SIGTERM to a worker that is not the main process of its container; the container ends with it.

    A second SIGTERM, from a program that does pass it on, means nothing to a worker that shuts down.
    """
    report = _report(directory)
    if report is not None and directory.is_locked() and not is_main_process(int(report["pid"])):
        with suppress(OSError):
            os.kill(int(report["pid"]), signal.SIGTERM)


def is_main_process(pid: int, proc: str = "/proc") -> bool:
    """Whether the container's runtime started the process: its parent is then out of sight, and has number 0.

    A process that cannot be seen counts as one: nothing is done to it.
    """
    try:
        text = Path(f"{proc}/{pid}/stat").read_text(errors="replace")
        # The name before the state is in parentheses, and may have some itself.
        return int(text.rpartition(")")[2].split()[1]) == 0
    except (OSError, ValueError, IndexError):
        return True


def fails_liveness(port: int) -> bool:
    """Whether the sidecar fails the worker's liveness; no answer counts as no."""
    try:
        with socket.create_connection(("127.0.0.1", port), SIDECAR_SECONDS) as sidecar:
            sidecar.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
            return sidecar.recv(64).split()[1:2] == [b"503"]
    except OSError:
        return False


def _report(directory: ReportDirectory) -> Mapping[str, Any] | None:
    try:
        report: Mapping[str, Any] = json.loads(directory.read_report())
    except (OSError, ValueError):
        return None
    return report


def _wait(condition: Callable[[], bool], deadline: float) -> bool:
    """Wait for the condition until the deadline, and say whether it came true."""
    while not condition():
        if natives.monotonic() >= deadline:
            return False
        sleep(POLL_SECONDS)
    return True


if __name__ == "__main__":
    main()
