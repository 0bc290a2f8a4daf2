# mypy: disable-error-code="untyped-decorator"
# Celery ships no types, so its decorators are untyped.
"""The application that the tests' workers run: it knows nothing of the agent."""

import os
import time
from pathlib import Path

from celery import Celery

RESULTS = os.environ.get("TEST_RESULTS")
POLLING_INTERVAL = os.environ.get("TEST_POLLING_INTERVAL")

app = Celery("agent_app", broker=os.environ["TEST_BROKER"], backend=RESULTS)
app.conf.update(
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=int(os.environ.get("TEST_PREFETCH", "4")),
    task_acks_late=bool(os.environ.get("TEST_ACKS_LATE")),
    task_reject_on_worker_lost=bool(os.environ.get("TEST_REJECT")),
    worker_cancel_long_running_tasks_on_connection_loss=bool(os.environ.get("TEST_CANCEL")),
    task_default_queue=os.environ.get("TEST_QUEUE", "celery"),
    # Since Celery 5.5.
    task_default_queue_type=os.environ.get("TEST_QUEUE_TYPE", "classic"),
    task_ignore_result=not RESULTS,
    # An outage of a second is long enough for a result to be lost.
    result_backend_transport_options={"retry_policy": {"max_retries": 1, "interval_start": 0.1}},
    broker_transport_options={
        "global_keyprefix": os.environ.get("TEST_KEY_PREFIX", ""),
        **({"polling_interval": float(POLLING_INTERVAL)} if POLLING_INTERVAL else {}),
    },
    worker_hijack_root_logger=False,
)


@app.task
def nap(seconds: float) -> None:
    """Take this long."""
    time.sleep(seconds)


@app.task
def note(name: str) -> None:
    """Add a line to the file of tasks that ran; short appends of several processes do not mix."""
    with Path(os.environ["TEST_NOTES"]).open("a") as file:
        file.write(name + "\n")
    time.sleep(0.05)


@app.task
def nap_and_note(seconds: float, name: str) -> None:
    """Take this long, and only then add a line to the file of tasks that ran."""
    time.sleep(seconds)
    with Path(os.environ["TEST_NOTES"]).open("a") as file:
        file.write(name + "\n")


def _hold(name: str) -> None:
    while not (Path(os.environ["TEST_GATES"]) / f"gate-{name}").exists():
        time.sleep(0.05)
    with Path(os.environ["TEST_NOTES"]).open("a") as file:
        file.write(name + "\n")


@app.task
def hold(name: str) -> None:
    """Run until the test opens the gate of this name, and then add a line to the file of tasks that ran."""
    _hold(name)


@app.task(acks_late=False)
def early_hold(name: str) -> None:
    """As ``hold``, with a message that is acknowledged at the beginning."""
    _hold(name)


@app.task
def leave() -> None:
    """Ask for the end of the process."""
    raise SystemExit


@app.task(rate_limit="1/h")
def limited() -> None:
    """Run once an hour."""
