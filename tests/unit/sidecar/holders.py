"""Real processes that hold the worker's lock as the agent does."""

import signal
import subprocess
import sys
from pathlib import Path

_HOLD = """
import fcntl, os, sys, time
file = open(sys.argv[1], "a")
fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
if sys.argv[2] == "fork":
    child = os.fork()
    if child == 0:
        time.sleep(600)
    print(child, flush=True)
else:
    print(0, flush=True)
time.sleep(600)
"""


class Holder:
    """A process that holds the lock until it ends; ``child`` is the pid of its forked child, or 0."""

    def __init__(self, lock: Path, *, fork: bool = False):
        command = [sys.executable, "-c", _HOLD, str(lock), "fork" if fork else "alone"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.child = int(self._process.stdout.readline())
        self.pid = self._process.pid

    @staticmethod
    def takes(lock: Path) -> bool:
        """Whether another process can take the lock now."""
        command = [sys.executable, "-c", _HOLD.rsplit("time.sleep", 1)[0], str(lock), "alone"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the holder alone."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End the holder as a crash would, and wait for that."""
        self._process.kill()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()
