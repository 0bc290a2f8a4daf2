# mypy: disable-error-code="untyped-decorator"
"""The application of document 003: ``celery -A upstream worker``."""

import os
import time

from celery import Celery

app = Celery("upstream", broker=os.environ["TEST_BROKER"], backend=os.environ["TEST_BROKER"])


@app.task(name="upstream.tasks.run_drift_detection")
def run_drift_detection(seconds: float = 0.0) -> str:
    time.sleep(seconds)
    return "no drift"


@app.task(name="upstream.tasks.send_scheduled_report")
def send_scheduled_report() -> None:
    pass


@app.task(name="upstream.tasks.send_alert")
def send_alert(seconds: float = 0.0) -> None:
    time.sleep(seconds)
