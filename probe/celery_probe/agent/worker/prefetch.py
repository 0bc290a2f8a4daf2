"""Changes a worker's prefetch limit, as Celery does for tasks that wait for their time."""

from __future__ import annotations

from typing import Any

from celery_probe.agent.worker import fetching


def change(consumer: Any, count: int) -> int:
    """Have the consumer fetch this many messages more, or fewer. Returns the change of the limit.

    It is smaller where ``worker_eta_task_limit`` ends it. A worker without a limit needs no change.
    Call it in the consumer's loop, which reports the limit to the broker later.
    """
    qos = consumer.qos
    before = qos.value
    if not before:
        return count
    if count > 0:
        qos.increment_eventually(count)
    else:
        qos.decrement_eventually(-count)
    if qos.value != before and _is_per_subscription(consumer):
        qos.update()
        _subscribe_again(consumer.task_consumer)
    return int(qos.value - before) if count > 0 else count


def _is_per_subscription(consumer: Any) -> bool:
    """Whether the broker applies a new limit only to later subscriptions: RabbitMQ with quorum queues.

    Celery detects them since 5.5.
    """
    if not getattr(consumer.app.conf, "worker_detect_quorum_queues", False):
        return False
    # Not in the Celery before.
    from celery.utils.quorum_queues import detect_quorum_queues  # noqa: PLC0415

    found, _ = detect_quorum_queues(consumer.app, consumer.connection.transport.driver_type)
    return bool(found)


def _subscribe_again(task_consumer: Any) -> None:
    """What the worker has received stays with it."""
    if not fetching.is_stopped(task_consumer):
        task_consumer.cancel()
        task_consumer.consume()
