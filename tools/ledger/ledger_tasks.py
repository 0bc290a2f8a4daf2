# mypy: disable-error-code="untyped-decorator"
# Celery ships no types, so its decorators are untyped.
"""Tasks of many kinds. Each writes down when it starts and how it ends, in a Redis list.

They run on every Celery version.
"""

import json
import os
import time
from typing import Any

from celery import Celery
from redis import Redis

KEY = "ledger"
STARTED_KEY = "ledger-started"
VISIBILITY_SECONDS = 15
# Only the worker that has the mutex gives back what was not acknowledged. It may be killed with the mutex.
MUTEX_SECONDS = 15
HARD_LIMIT_SECONDS = 3.0
# A restart of the broker takes longer than Celery's own patience.
PUBLISH_POLICY = {"max_retries": 300, "interval_start": 0.2, "interval_step": 0.2, "interval_max": 1.0}


def transport_options(url: str) -> dict[str, Any]:
    """A message that its connection takes with it comes again (Redis), or is sent again (RabbitMQ)."""
    if url.startswith("redis"):
        return {"visibility_timeout": VISIBILITY_SECONDS, "unacked_mutex_expire": MUTEX_SECONDS}
    return {"confirm_publish": True}


app = Celery("ledger")
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_send_sent_event=True,
    broker_transport_options=transport_options(os.environ.get("CELERY_BROKER_URL", "")),
    broker_connection_retry_on_startup=True,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    task_publish_retry_policy=PUBLISH_POLICY,
    # After 4 s, the default, a busy machine may not have answered, and Celery drops the body of a chord.
    broker_connection_timeout=60,
)


class ExpectedError(Exception):
    """The task fails, as it should."""


def write(task: Any, event: str) -> None:
    """Add a line to the ledger."""
    redis = Redis.from_url(os.environ["LEDGER_URL"])
    line = {
        "task": task.request.id,
        "event": event,
        "worker": task.request.hostname,
        "time": time.time(),
    }
    redis.rpush(KEY, json.dumps(line))
    redis.sadd(STARTED_KEY, task.request.id)
    redis.close()


@app.task(bind=True, name="ledger.succeed")
def succeed(self: Any, *_: Any) -> str:
    """Succeed at once."""
    write(self, "started")
    write(self, "succeeded")
    return "done"


@app.task(bind=True, name="ledger.work")
def work(self: Any, seconds: float) -> str:
    """Succeed after some time."""
    write(self, "started")
    time.sleep(seconds)
    write(self, "succeeded")
    return "done"


@app.task(bind=True, name="ledger.fail")
def fail(self: Any) -> None:
    """Fail."""
    write(self, "started")
    write(self, "failed")
    raise ExpectedError("as it should")


@app.task(bind=True, name="ledger.retry", max_retries=10)
def retry(self: Any, times: int) -> str:
    """Succeed after this number of retries."""
    write(self, "started")
    if self.request.retries < times:
        write(self, "retried")
        raise self.retry(countdown=0.2, exc=ExpectedError("again"))
    write(self, "succeeded")
    return "done"


@app.task(bind=True, name="ledger.exceed_limit", time_limit=HARD_LIMIT_SECONDS, acks_late=False)
def exceed_limit(self: Any) -> None:
    """Run until the hard limit ends the pool process."""
    write(self, "started")
    time.sleep(600)
