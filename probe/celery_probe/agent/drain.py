"""Stops and resumes fetching inside the process, without remote control and without losing a message."""

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


def _consume_nothing(no_ack: Any = None) -> None:
    """Stand in for kombu's ``Consumer.consume`` while draining."""
