# mypy: disable-error-code="untyped-decorator"
# Celery ships no types, so its decorators are untyped.
"""What is in the consumer's timer: workers import this beside the application (``-I``)."""

import os
from pathlib import Path
from typing import Any

from celery import shared_task
from celery.signals import worker_ready

consumers: list[Any] = []


@worker_ready.connect
def _keep(sender: Any, **_: Any) -> None:
    consumers.append(sender)


@shared_task
def count_timers(function: str) -> None:
    """Write down how many entries call this function again and again; only pools in this process know it."""
    entries = {id(one.entry): one.entry for one in list(consumers[0].timer._queue)}
    count = sum(
        not entry.canceled and getattr(entry.fun, "__qualname__", "") == function
        for entry in entries.values()
    )
    with Path(os.environ["TEST_NOTES"]).open("a") as file:
        file.write(f"{count}\n")
