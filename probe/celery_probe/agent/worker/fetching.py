"""Stops and resumes the fetching of messages inside the process: without remote control or a lost message."""

from __future__ import annotations

import sys
from typing import Any


def stop(task_consumer: Any) -> None:
    """Fetch no more messages with this kombu consumer. Call it in the consumer's loop, any number of times.

    The consumer is cancelled and not closed, so that running tasks can be acknowledged. A message that an
    outstanding pop still brings has no consumer then, and kombu returns it to the head of its queue.
    """
    # Celery calls consume() after each reconnect and when a queue is added: it must not end the drain.
    task_consumer.consume = _consume_nothing
    if task_consumer._active_tags:
        task_consumer.cancel()


def resume(task_consumer: Any) -> None:
    """Fetch again after ``stop``; nothing happens if fetching was not stopped."""
    if is_stopped(task_consumer):
        del task_consumer.consume
        task_consumer.consume()


def is_stopped(task_consumer: Any) -> bool:
    """Whether ``stop`` is in force."""
    return vars(task_consumer).get("consume") is _consume_nothing


def start_nothing(consumer: Any) -> None:
    """Start no more tasks of this Celery consumer, not even reserved ones. This cannot be undone.

    Tasks that wait for a slot, a rate limit's token or their time stay unacknowledged: the broker delivers
    them again when the worker has ended. Celery itself does the same, later in its own shutdown.
    """
    consumer.on_task_request = _start_nothing
    semaphore = getattr(consumer.controller, "semaphore", None)
    if semaphore is not None:
        semaphore._waiting.clear()
    # The threads pool has taken all tasks and queues them itself; Python 3.8 cannot cancel them.
    executor = getattr(consumer.pool, "executor", None)
    if executor is not None and sys.version_info >= (3, 9):
        executor.shutdown(wait=False, cancel_futures=True)


def _start_nothing(_request: Any) -> None:
    """Stand in for Celery's ``on_task_request`` in a worker that is about to be stopped."""


def _consume_nothing(no_ack: Any = None) -> None:
    """Stand in for kombu's ``Consumer.consume`` while draining."""
