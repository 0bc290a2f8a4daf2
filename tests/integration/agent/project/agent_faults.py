"""Faults that a test switches on by making a file: workers import this beside the application (``-I``)."""

import os
import time
from pathlib import Path
from typing import Any

from celery import signals

POLL_SECONDS = 0.1
LONGER_THAN_CELERY_WAITS = 60
LONGER_THAN_ANY_TEST = 300


def wanted(fault: str) -> bool:
    """Whether the test wants this fault now."""
    return (Path(os.environ["TEST_FAULTS"]) / fault).exists()


def watch(sender: Any, **_: Any) -> None:
    """Check again and again from the consumer's own loop."""
    sender.timer.call_repeatedly(POLL_SECONDS, deafen, (sender,))


def deafen(consumer: Any) -> None:
    """Lose the consumers, the poller or the turning loop, as Celery does in its faults: nothing raises."""
    if wanted("standing"):
        time.sleep(LONGER_THAN_ANY_TEST)
    if wanted("cancelled"):
        channel = consumer.task_consumer.channel
        for tag in list(channel.callbacks):
            channel.basic_cancel(tag)
    if wanted("unpolled"):
        for hook in list(consumer.hub.on_tick):
            if hook.__module__ == "kombu.transport.redis":
                consumer.hub.on_tick.discard(hook)


def hang(**_: Any) -> None:
    """Initialize a child of the pool for longer than Celery lets it."""
    if wanted("hanging"):
        time.sleep(LONGER_THAN_CELERY_WAITS)


signals.worker_ready.connect(watch, weak=False)
signals.worker_process_init.connect(hang, weak=False)
