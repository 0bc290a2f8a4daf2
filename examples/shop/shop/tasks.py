# mypy: disable-error-code="untyped-decorator"
# Celery ships no types, so its decorators are untyped.
"""Tasks that succeed, fail, retry, sleep, burn CPU and report progress. Some are sent with an ETA."""

import time
from typing import Any

from celery_health.metrics import MonitoredTask, monitor_task
from shop.celery import app


class PaymentRefusedError(Exception):
    """The bank said no."""


class MailServerBusyError(Exception):
    """The mail server asked to try again later."""


@app.task(base=MonitoredTask)
def place_order(order: int) -> str:
    """Succeed at once."""
    return f"order {order} placed"


@app.task
@monitor_task
def charge_card(order: int) -> None:
    """Fail."""
    raise PaymentRefusedError(f"the card of order {order} was refused")


@app.task(bind=True, max_retries=5)
def send_email(self: Any, order: int, busy: int = 0) -> str:
    """Send one email; the first ``busy`` attempts find the server busy and come again later."""
    attempt: int = self.request.retries
    if attempt < busy:
        raise self.retry(exc=MailServerBusyError(f"attempt {attempt + 1}"), countdown=2**attempt)
    return f"mail of order {order} sent at attempt {attempt + 1}"


@app.task
def resize_image(seconds: float = 0.5) -> int:
    """Burn CPU for ``seconds``; returns the number of turns."""
    end = time.monotonic() + seconds
    turns = 0
    while time.monotonic() < end:
        turns += sum(range(1000)) % 2 + 1
    return turns


@app.task
def build_report(seconds: float = 1.0) -> str:
    """Wait for ``seconds``, as for a slow database."""
    time.sleep(seconds)
    return f"report built in {seconds:g} s"


@app.task
def clean_up() -> str:
    """Succeed; meant to be sent with an ETA."""
    return "clean"


@app.task(bind=True)
def import_catalog(self: Any, pages: int = 5, seconds: float = 2.0) -> str:
    """Read a catalog page by page for ``seconds``, and report the progress after each page."""
    for page in range(1, pages + 1):
        time.sleep(seconds / pages)
        progress = {"done": page, "total": pages}
        self.update_state(state="PROGRESS", meta=progress)
        self.send_event("task-progress", **progress)
    return f"{pages} pages imported"
