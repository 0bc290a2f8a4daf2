"""The same application, with a test task that ends in queue "slow" only after another result is collected."""

import time
from typing import Any

from celery.signals import task_postrun
from cli_shop import app  # type: ignore[import-not-found]

STORED: list[str] = []
"""The ids of fast tasks whose results are stored. The worker has threads, so that all tasks see it."""


@app.task(name="cli_timed.check", bind=True)  # type: ignore[untyped-decorator]
def check(self: Any) -> None:
    """In queue "slow": wait until the result of the other queue has been collected, and with that deleted."""
    if self.request.delivery_info["routing_key"] == "slow":
        while not STORED or app.AsyncResult(STORED[0]).state != "PENDING":
            time.sleep(0.02)


@task_postrun.connect  # type: ignore[untyped-decorator]
def note(task_id: str, task: Any, **_: Any) -> None:
    if task.request.delivery_info["routing_key"] != "slow":
        STORED.append(task_id)
