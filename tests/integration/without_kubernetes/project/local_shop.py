# mypy: disable-error-code="untyped-decorator"
"""An application that reads its broker from the environment, as Celery does by itself."""

import os
import signal
import time
from pathlib import Path

from celery import Celery

app = Celery("local_shop")
app.conf.update(
    broker_connection_retry_on_startup=True,
    beat_schedule={"tick": {"task": "shop.tick", "schedule": 1.0}},
    task_routes={"shop.tick": {"queue": "ticks"}},
)


@app.task(name="shop.nap")
def nap(seconds: float, note: str) -> None:
    """Sleep, and leave a note at the start and at the end."""
    Path(note).write_text("started")
    time.sleep(seconds)
    Path(note).write_text("ended")


@app.task(name="shop.tick")
def tick() -> None:
    """What beat sends."""


@app.task(name="shop.freeze")
def freeze() -> None:
    """Stop the main process of this worker, as a wedged one stands still."""
    os.kill(os.getppid(), signal.SIGSTOP)
