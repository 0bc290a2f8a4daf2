# mypy: disable-error-code="untyped-decorator"
# Celery ships no types, so its decorators are untyped.
"""Tasks that kill their process: workers import this beside the application (``-I``)."""

import ctypes
import os
import signal
import sys
import time

from celery import shared_task

FILLED = b"\x01"


@shared_task
def segfault() -> None:
    """Read what is not there, as a broken extension does."""
    ctypes.string_at(0)


@shared_task
def exit_at_once() -> None:
    """End the process without any cleaning up."""
    os._exit(3)


@shared_task
def kill_itself() -> None:
    """Die as by the kernel or by an administrator."""
    os.kill(os.getpid(), signal.SIGKILL)


@shared_task
def system_exit() -> None:
    """Ask Python to exit."""
    sys.exit(3)


@shared_task(acks_late=True)
def starve() -> None:
    """Fail as where a limit of the process refuses memory."""
    raise MemoryError


@shared_task(acks_late=False)
def starve_early() -> None:
    """The same, after its message is acknowledged."""
    raise MemoryError


@shared_task
def hog() -> None:
    """Take 1 GiB of memory."""
    bytearray(FILLED * (1 << 30))


@shared_task
def kill_parent(seconds: float) -> None:
    """Kill the main process after this time."""
    time.sleep(seconds)
    os.kill(os.getppid(), signal.SIGKILL)


@shared_task
def exit_later(seconds: float) -> None:
    """End the process after this time."""
    time.sleep(seconds)
    os._exit(3)
