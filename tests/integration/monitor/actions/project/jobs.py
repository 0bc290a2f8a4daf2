"""The application whose tasks the tests cancel and retry: each run writes a line with its task's id."""

import os
import time
from pathlib import Path
from typing import Any

from celery import Celery, Task
from celery.worker.consumer import mingle

app = Celery("jobs", broker=os.environ["TEST_BROKER"], backend=os.environ.get("TEST_BACKEND"))
app.conf.update(task_send_sent_event=True, result_extended=True, broker_connection_retry_on_startup=True)

if "TEST_PATIENT" in os.environ:

    def send_hello(_: mingle.Mingle, consumer: Any) -> Any:
        """As Celery does, on a machine that is busy with other tests and answers after more than a second."""
        inspect = consumer.app.control.inspect(timeout=60.0, limit=1, connection=consumer.connection)
        return inspect.hello(consumer.hostname, {}) or {}

    mingle.Mingle.send_hello = send_hello

RUNS = Path(os.environ["TEST_RUNS"])


def _note(task: Task, *values: Any) -> None:
    with RUNS.open("a", encoding="utf-8") as runs:
        runs.write(" ".join([str(task.request.id), *map(repr, values)]) + "\n")


@app.task(name="jobs.note", bind=True)  # type: ignore[untyped-decorator]
def note(self: Task, *args: Any, **kwargs: Any) -> None:
    """Succeed."""
    _note(self, args, kwargs)


@app.task(name="jobs.nap", bind=True)  # type: ignore[untyped-decorator]
def nap(self: Task, seconds: float) -> None:
    """Take a slot for a while."""
    _note(self, seconds)
    time.sleep(seconds)


@app.task(name="jobs.fail", bind=True)  # type: ignore[untyped-decorator]
def fail(self: Task, *args: Any, **kwargs: Any) -> None:
    """Fail, unless a file in the folder of the runs says that the cause is corrected."""
    _note(self, args, kwargs)
    if not RUNS.with_name("corrected").exists():
        raise ValueError("not corrected")
