# mypy: disable-error-code="untyped-decorator"
# Celery ships no types, so its decorators are untyped.
"""Tasks that kill the process that runs them, for workers of the example application (``--include``).

A task with ``deaths`` kills this number of processes and then succeeds. Without it, the task always kills.
No program but the worker may show the password.
"""

import ctypes
import os
import time
from pathlib import Path
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from shop.celery import app
from shop.ledger import Event, Ledger

RUNS_FOR = 1.0
"""Seconds until a task kills its process: longer than an agent takes to report a task that has started."""

FILLED = b"\x01"


def survives(task: Any, deaths: int | None) -> bool:
    """Wait; return whether the task has killed enough processes."""
    time.sleep(RUNS_FOR)
    if deaths is None:
        return False
    entries = Ledger(os.environ["CELERY_RESULT_BACKEND"]).read()
    starts = sum(entry.task == task.request.id and entry.event is Event.STARTED for entry in entries)
    return bool(starts > deaths)


@app.task(bind=True)
def hog(self: Any, deaths: int | None = None, _password: str = "") -> None:
    """Take 1 GiB of memory."""
    if not survives(self, deaths):
        bytearray(FILLED * (1 << 30))


@app.task(bind=True)
def hog_parent(self: Any, deaths: int | None = None, _password: str = "") -> None:
    """Take all memory, and have the kernel kill the worker's own process for it.

    The memory of a file belongs to no process, so the kernel kills the one with the highest score.
    """
    if survives(self, deaths):
        return
    # What ran is known from a report only, which a busy machine delays.
    time.sleep(2 * RUNS_FOR)
    Path(f"/proc/{os.getppid()}/oom_score_adj").write_text("1000", encoding="ascii")
    file = os.memfd_create("hog")
    while True:
        os.write(file, FILLED * (1 << 20))


@app.task(bind=True)
def segfault(self: Any, deaths: int | None = None, _password: str = "") -> None:
    """Read an invalid address, as a broken extension does."""
    if not survives(self, deaths):
        ctypes.string_at(0)


@app.task(bind=True)
def leave(self: Any, deaths: int | None = None, _password: str = "") -> None:
    """End the process without any cleanup."""
    if not survives(self, deaths):
        os._exit(3)


@app.task(bind=True, acks_late=False)
def leave_early(self: Any, _deaths: None = None, _password: str = "") -> None:
    """End the process when the message is already acknowledged."""
    if not survives(self, None):
        os._exit(3)


@app.task(soft_time_limit=5, time_limit=6)
def overrun() -> None:
    """Ignore the soft time limit, so that the hard one ends the process."""
    try:
        time.sleep(300)
    except SoftTimeLimitExceeded:
        time.sleep(300)
