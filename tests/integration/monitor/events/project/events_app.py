# mypy: disable-error-code="untyped-decorator,misc"
# Celery ships no types, so its decorators and its Task are untyped.
"""The application whose events the tests receive. It runs on every Celery version."""

import os
import time

from celery import Celery, Task

app = Celery("events_app", broker=os.environ["TEST_BROKER"])
app.conf.update(
    task_ignore_result=True,
    worker_send_task_events=True,
    task_send_sent_event=True,
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=1,
)


@app.task(name="shop.add")
def add(one: int, two: int) -> int:
    return one + two


@app.task(name="shop.fail")
def fail(text: str) -> None:
    raise ValueError(text)


@app.task(name="shop.retry", bind=True, max_retries=2)
def retry(self: Task) -> str:
    if self.request.retries < 2:
        raise self.retry(countdown=0.1, exc=OSError("away"))
    return "done"


@app.task(name="shop.sleep")
def sleep(seconds: float) -> None:
    time.sleep(seconds)


@app.task(name="shop.progress", bind=True)
def progress(self: Task) -> None:
    self.send_event("task-progress", current=3, total=10)


@app.task(name="shop.login")
def login(user: str, password: str) -> str:
    return f"{user} has password={password!r}"
