"""Waiting for a condition, with a deadline."""

import time
from collections.abc import Callable

from tools.cluster.errors import ClusterError


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str, interval: float = 0.05) -> None:
    """Return as soon as `condition()` holds; raise ClusterError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ClusterError(f"waited {seconds:.0f} s for {what}")
        time.sleep(interval)
