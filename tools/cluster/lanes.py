"""Steps beside each other: downloads, image builds and compilation, each waiting only for what it needs."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

END_SECONDS = 10.0
QUIET_SECONDS = 2.0
POLL_SECONDS = 0.1


class Lanes:
    """Starts steps in threads of their own."""

    def __init__(self) -> None:
        self._started: list[Future[Any]] = []

    def start(self, action: Callable[[], T]) -> "Future[T]":
        """Begin `action` beside the caller."""
        future: Future[T] = Future()

        def perform() -> None:
            try:
                future.set_result(action())
            except BaseException as problem:
                future.set_exception(problem)

        # A daemon: a step that waits for another process's lock must not keep this program from ending.
        threading.Thread(target=perform, daemon=True).start()
        self._started.append(future)
        return future

    def join(self, future: "Future[T]") -> T:
        """Wait for what a step gives; raise the error of any step as soon as it fails."""
        while not future.done():
            for one in self._started:
                if one.done():
                    one.result()
            wait([future], timeout=POLL_SECONDS)
        return future.result()

    def stop(self) -> None:
        """End every program of the steps, and so the steps; a daemon, in a session of its own, stays.

        A step between two programs starts the next one first, so this goes on until the steps are done. One
        that waits for another process's lock has no program, and is left behind.
        """
        began = quiet_since = time.monotonic()
        while not all(one.done() for one in self._started):
            now = time.monotonic()
            if helpers := _helpers():
                quiet_since = now
            if now - quiet_since > QUIET_SECONDS:
                return
            for pid in helpers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL if now - began > END_SECONDS else signal.SIGTERM)
            time.sleep(POLL_SECONDS)


@contextmanager
def lanes() -> Iterator[Lanes]:
    """Lanes whose steps are stopped when the block ends with an error, Ctrl-C included."""
    beside = Lanes()
    try:
        yield beside
    except BaseException:
        beside.stop()
        raise


def _helpers() -> list[int]:
    """The descendants of this process that are in its session."""
    session = os.getsid(0)
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent, _, owner, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
            if state not in "ZX" and int(owner) == session:
                parents[int(entry.name)] = int(parent)
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {os.getpid()})
