"""Child processes that end with this one: each in a process group of its own, with a log in the folder."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tools.cluster.errors import ClusterError

GRACE_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Child:
    """One process. ``log`` is what it printed."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def ended(self) -> bool:
        """Whether the process has ended; its children may still live."""
        return self.process.poll() is not None

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-2000:].strip()


class Processes:
    """Starts processes, and ends all of them, the last one first."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._children: list[Child] = []

    def start(self, name: str, command: Sequence[str | Path], environment: Mapping[str, str]) -> Child:
        """Start a process in the folder."""
        log = self._folder / f"{name}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [str(word) for word in command],
                env={**self._environment, **environment},
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_the_parent,  # noqa: PLW1509 (no other thread runs)
            )
        child = Child(name, process, log)
        self._children.append(child)
        return child

    def check(self) -> None:
        """Raise ClusterError with the end of its log if a process has ended."""
        for child in self._children:
            if child.ended:
                raise ClusterError(f"{child.name} has ended. The end of its log:\n{child.tail()}")

    def end(self, hurry: Callable[[], bool]) -> None:
        """End every process and what it started; ``hurry`` says whether to kill them now."""
        for child in reversed(self._children):
            with suppress(ProcessLookupError):
                child.process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in reversed(self._children):
            while not child.ended and time.monotonic() < deadline and not hurry():
                with suppress(subprocess.TimeoutExpired):
                    child.process.wait(timeout=0.1)
        for child in self._children:
            # The group outlives its first process while other processes are in it.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()


def _end_with_the_parent() -> None:
    """Linux sends SIGTERM to the child when its parent has been killed."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
