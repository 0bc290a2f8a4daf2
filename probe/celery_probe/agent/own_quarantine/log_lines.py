"""What a worker that counts deaths itself writes into its log. Names and ids are printable there."""

from __future__ import annotations

import os
import shlex
import sys

from celery.utils.log import get_logger

from celery_probe.agent.contract import printable
from celery_probe.agent.own_quarantine.deaths import Listed
from celery_probe.agent.worker.deaths.memory_errors import CAUSE

log = get_logger(__name__)


def quarantined(task: Listed, cause: str, queue: str) -> None:
    """A task has its last death. ``cause``: of that death, empty where another worker has announced it."""
    log.error(
        "Task %s[%s] has killed its worker%s %d times%s. It does not run again: its message goes to "
        "the queue %s.",
        *(printable(task.name), printable(task.id)),
        *("" if cause == CAUSE.text else "'s child process", task.deaths),
        *(f" ({cause})" if cause else "", printable(queue)),
    )


def moved(queue: str, number: int) -> None:
    """Messages have been moved to the dead-letter queue."""
    log.warning(
        "Messages moved to the queue %s: %d. `celery -A %s health dead-letter list` shows them.",
        *(printable(queue), number, _app_name()),
    )


def failed(problem: str) -> None:
    """The quarantine could not do its work."""
    log.warning(
        # Last, because the problem may end in a command.
        "The quarantine could not do its work. It tries again, and other tasks run on. %s",
        printable(problem),
    )


def not_shared(command: str) -> None:
    """The broker refuses announcements. ``command``: allows them."""
    log.warning(
        "Redis refuses this worker the announcements of presets.quarantine(): the worker counts "
        "deaths alone. Run: %s. Then restart the worker.",
        printable(command),
    )


def without_children() -> None:
    """The worker has another pool than prefork."""
    log.warning(
        "presets.quarantine() counts the deaths of prefork children, and this worker has none: a "
        "task that kills this worker is not counted, unless it raises MemoryError in the pool solo."
    )


def _app_name() -> str:
    """What ``celery -A`` was given for this worker, ``APP`` where that is not known.

    Older versions of Celery keep the application instead of the text.
    """
    given = os.environ.get("APP") or "APP"
    for word, following in zip(sys.argv, [*sys.argv[1:], ""]):
        if word in ("-A", "--app") and following:
            given = following
        elif word.startswith("--app="):
            given = word[len("--app=") :]
    return shlex.quote(given)
