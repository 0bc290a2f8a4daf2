"""Stops and resumes fetching, and starting, inside the process: no remote control, and no message is lost."""

from __future__ import annotations

from typing import Any


def hold(task_consumer: Any) -> None:
    """Fetch no more messages with this kombu consumer. Call it as often as you like, in the consumer's loop.

    The consumer is cancelled and not closed, so that what runs can be acknowledged. A message that a pop
    under way still brings has no consumer then, and kombu puts it back to the head of its queue.
    """
    # Celery calls consume() after each reconnect and when a queue is added: it must not end the drain.
    task_consumer.consume = _consume_nothing
    if task_consumer._active_tags:
        task_consumer.cancel()


def resume(task_consumer: Any) -> None:
    """Fetch again after ``hold``; nothing happens if nothing was held."""
    if is_held(task_consumer):
        del task_consumer.consume
        task_consumer.consume()


def is_held(task_consumer: Any) -> bool:
    """Whether ``hold`` is in force."""
    return vars(task_consumer).get("consume") is _consume_nothing


def start_nothing(consumer: Any) -> None:
    """Start no more tasks of this Celery consumer, not even those that it holds. There is no way back.

    Those that wait for a slot, a rate limit's token or their time stay unacknowledged: the broker has them
    back as soon as the worker ends. Celery itself does the same, later in its own shutdown.
    """
    consumer.on_task_request = _start_nothing
    semaphore = getattr(consumer.controller, "semaphore", None)
    if semaphore is not None:
        semaphore._waiting.clear()
    # The threads pool has taken them all and queues them itself; Python 3.8 cannot take them back.
    executor = getattr(consumer.pool, "executor", None)
    if executor is not None:
        executor.shutdown(wait=False, cancel_futures=True)


def _start_nothing(_request: Any) -> None:
    """Stand in for Celery's ``on_task_request`` in a worker that is about to be stopped."""


def _consume_nothing(no_ack: Any = None) -> None:
    """Stand in for kombu's ``Consumer.consume`` while draining."""
