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
POLL_SECONDS = 0.2


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


@contextmanager
def lanes() -> Iterator[Lanes]:
    """Lanes whose programs are stopped when the block ends with an error, Ctrl-C included."""
    try:
        yield Lanes()
    except BaseException:
        end_helpers()
        raise


def end_helpers() -> None:
    """Stop every program that this process waits for; a daemon is in a session of its own and stays."""
    deadline = time.monotonic() + END_SECONDS
    while helpers := _helpers():
        late = time.monotonic() > deadline
        for pid in helpers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        if late:
            return
        time.sleep(0.1)


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
