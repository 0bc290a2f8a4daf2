# mypy: disable-error-code="untyped-decorator"
# Celery ships no types, so its decorators are untyped.
"""Tasks that are counted, and that write down themselves what they do: workers import this (``-I``)."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from celery import Task, shared_task
from celery.exceptions import Ignore, Reject

from celery_health.metrics import MonitoredTask, configure, monitor_task, serve

configure(
    prefix=os.environ.get("TEST_PREFIX", "upstream"),
    values=int(os.environ.get("TEST_VALUES", "100")),
)
if port := os.environ.get("TEST_METRICS_PORT"):
    serve(int(port), "127.0.0.1")


def write_down(task: str, event: str, id: str = "") -> None:  # noqa: A002 - as Celery names it
    """Add a line to the ledger; short appends of several processes do not mix."""
    descriptor = os.open(os.environ["TEST_NOTES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(descriptor, f"{task} {event} {id}\n".encode())
    os.close(descriptor)


@contextmanager
def noted(task: str) -> Iterator[None]:
    """Write down the start of a run, and how it ended."""
    write_down(task, "started")
    try:
        yield
    except Exception as error:
        write_down(task, type(error).__name__)
        raise
    write_down(task, "completed")


@shared_task(base=MonitoredTask)
def charge(customer_id: Any, arg1: Any = None) -> None:
    """The first way of document 003."""
    with noted("charge"):
        time.sleep(0.01)


@shared_task
@monitor_task
def refund(customer_id: Any, arg1: Any = None) -> None:
    """The second way of document 003: the decorator below."""
    with noted("refund"):
        time.sleep(0.01)


@monitor_task
@shared_task(bind=True, max_retries=2)
def ship(self: Task, customer_id: Any, fail: bool = False) -> None:
    """The decorator above, at a bound task that retries by itself: one run and two retries, or fails."""
    with noted("ship"):
        try:
            if fail or self.request.retries < 2:
                raise ConnectionError("not yet")
        except ConnectionError as error:
            raise self.retry(exc=error, countdown=0) from None


@shared_task(base=MonitoredTask, autoretry_for=(ValueError,), max_retries=1, default_retry_delay=0)
def again(customer_id: Any) -> None:
    """Celery's own retries."""
    with noted("again"):
        raise ValueError(customer_id)


@shared_task
@monitor_task
def refuse(customer_id: Any, how: str) -> None:
    """Ends in every other way."""
    with noted("refuse"):
        if how == "ignore":
            raise Ignore
        if how == "reject":
            raise Reject("no", requeue=False)
        raise KeyError(how)


@shared_task(base=MonitoredTask, acks_late=True, bind=True)
def perilous(self: Task, customer_id: Any, seconds: float) -> None:
    """May be killed from outside while it sleeps."""
    write_down("perilous", "started", self.request.id)
    time.sleep(seconds)
    write_down("perilous", "completed", self.request.id)


@shared_task(base=MonitoredTask, bind=True)
def suicide(self: Task, customer_id: Any, chance: float) -> None:
    """Kills its process with this probability, and writes down that it will."""
    write_down("suicide", "started", self.request.id)
    if random.random() < chance:
        write_down("suicide", "WorkerLostError", self.request.id)
        os.kill(os.getpid(), signal.SIGKILL)
    write_down("suicide", "completed", self.request.id)


@shared_task(base=MonitoredTask, acks_late=True)
def stumble(customer_id: Any, mark: str) -> None:
    """Kills its process at the first run; the message then comes again."""
    if not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)


@shared_task(base=MonitoredTask)
def nothing(customer_id: Any) -> None:
    """Does nothing."""


@shared_task
def unmonitored(customer_id: Any) -> None:
    """Is not counted."""
    Path(os.environ["TEST_NOTES"] + ".unmonitored").touch()
