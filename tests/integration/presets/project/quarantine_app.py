# mypy: disable-error-code="untyped-decorator"
"""An application with presets.quarantine(), for real workers."""

import ctypes
import os
import signal
import time
from pathlib import Path

from celery import Celery

from celery_health import presets

app = Celery("shop", broker=os.environ["TEST_BROKER"])
app.conf.update(
    presets.reliable()
    | presets.quarantine()
    | {
        "task_default_queue": os.environ["TEST_QUEUE"],
        "task_track_started": True,
        "worker_enable_remote_control": not os.environ.get("TEST_ALONE"),
    }
)


def note(word: str) -> None:
    """Add a line to the file of tasks that ran; short appends of several processes do not mix."""
    with Path(os.environ["TEST_NOTES"]).open("a") as file:
        file.write(word + "\n")


@app.task(name="well")
def well(word: str) -> None:
    note(word)
    time.sleep(0.05)


@app.task(name="poison")
def poison() -> None:
    """Die as by the kernel where memory runs out."""
    note("poison")
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="starve")
def starve() -> None:
    """Fail as where a limit of the process, such as ``ulimit -v``, refuses memory."""
    note("starve")
    raise MemoryError


@app.task(name="starve_early", acks_late=False)
def starve_early() -> None:
    """The same, after its message is acknowledged."""
    raise MemoryError


@app.task(name="leave")
def leave(_password: str) -> None:
    """End the process without any cleanup."""
    os._exit(3)


@app.task(name="segfault")
def segfault(_password: str) -> None:
    """Read an invalid address, as a broken extension does."""
    ctypes.string_at(0)
