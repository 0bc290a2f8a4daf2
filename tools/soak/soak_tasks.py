# mypy: disable-error-code="untyped-decorator"
# Celery ships no types, so its decorators are untyped.
"""Tasks of the soak, loaded into unchanged workers of the example: each writes its own start and end.

The ledger is a Redis of its own that no fault touches, so what it says is what happened.
"""

import json
import os
import time
from typing import Any

from celery.signals import task_received
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from shop.celery import app

PATIENT = Retry(ConstantBackoff(0.5), 60, (OSError, RedisConnectionError, RedisTimeoutError))
"""A name that does not resolve for a moment, on a busy machine, must not count as a lost task."""

_connection: dict[int, Redis] = {}


def ledger() -> Redis:
    """One connection a process: a forked child must not share its parent's."""
    pid = os.getpid()
    if pid not in _connection:
        _connection[pid] = Redis.from_url(os.environ["SOAK_LEDGER"], retry=PATIENT)
    return _connection[pid]


def note(task: str, event: str, worker: str) -> None:
    """Add one line."""
    ledger().rpush(
        os.environ["SOAK_LEDGER_KEY"],
        json.dumps({"task": task, "event": event, "worker": worker, "time": time.time()}),
    )


@task_received.connect
def _note_received(request: Any, **_: Any) -> None:
    """A lost task that no worker had received was lost on its way out of the broker."""
    note(request.id, "received", request.hostname)


def _work(task: Any, seconds: float) -> None:
    note(task.request.id, "started", task.request.hostname)
    time.sleep(seconds)
    note(task.request.id, "ended", task.request.hostname)


@app.task(bind=True, acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def late(self: Any, seconds: float) -> None:
    """Acknowledged when it is done: never lost, run again when its worker died."""
    _work(self, seconds)


@app.task(bind=True, acks_late=False, ignore_result=True)
def early(self: Any, seconds: float) -> None:
    """Acknowledged when it begins: lost when its worker dies while it runs."""
    _work(self, seconds)
