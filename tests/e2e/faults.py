"""Faults made for real on the local node: signals to processes that run inside containers."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.kube import Object


def container_id(pod: Object, container: str) -> str:
    """The runtime's id of a running container, without its scheme."""
    statuses = pod["status"].get("containerStatuses", []) + pod["status"].get("initContainerStatuses", [])
    status = next(status for status in statuses if status["name"] == container)
    return str(status["containerID"]).rpartition("://")[2]


def processes(pod: Object, container: str) -> Iterator[tuple[int, int]]:
    """(pid on the node, pid inside the container) of each process of the container."""
    wanted = container_id(pod, container)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if wanted not in (entry / "cgroup").read_text():
                continue
            inner = _namespaced_pid((entry / "status").read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield int(entry.name), inner


def signal_main(pod: Object, container: str, number: signal.Signals) -> None:
    """Signal the container's first process from outside, where even STOP and KILL reach it."""
    outer = next(outer for outer, inner in processes(pod, container) if inner == 1)
    os.kill(outer, number)


def _namespaced_pid(status: str) -> int:
    line = next(line for line in status.splitlines() if line.startswith("NSpid:"))
    return int(line.split()[-1])
