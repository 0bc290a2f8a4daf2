"""Celery's consumer with a quarantine of its own: the value of the setting ``worker_consumer``."""

from __future__ import annotations

import os
from typing import Any

from celery import bootsteps
from celery.exceptions import ImproperlyConfigured
from celery.utils.log import get_logger
from celery.worker import consumer as celery_consumer

from celery_probe.agent.contract import MANAGED_VARIABLE
from celery_probe.agent.own_quarantine.counted import OwnQuarantine, dead_letter_queue
from celery_probe.agent.worker.own_connection import BOUNDS

LONGEST_NAME_BYTES = 255
AGENT_STEP = "celery_probe.agent.worker.consumer_step"

log = get_logger(__name__)


class QuarantineStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Starts after the task consumer exists and before it fetches a message."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, consumer: Any) -> None:
        """Begin to count and to enforce."""
        if consumer.own_quarantine is not None:
            consumer.own_quarantine.start(consumer)

    def stop(self, consumer: Any) -> None:
        """The connection is lost or the worker stops."""
        if consumer.own_quarantine is not None:
            consumer.own_quarantine.stop(consumer)

    def info(self, consumer: Any) -> dict[str, Any]:
        """What the worker adds to its answer to ``inspect stats``."""
        return consumer.own_quarantine.stats() if consumer.own_quarantine is not None else {}


class Consumer(celery_consumer.Consumer):  # type: ignore[misc]
    """Raises ImproperlyConfigured where no message can be moved to a dead-letter queue."""

    class Blueprint(celery_consumer.Consumer.Blueprint):  # type: ignore[misc]
        """The steps of Celery's consumer, and one more."""

        default_steps = (*celery_consumer.Consumer.Blueprint.default_steps, QuarantineStep)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.own_quarantine: OwnQuarantine | None = None
        kind = self.conninfo.transport.driver_type
        if kind not in BOUNDS:
            raise ImproperlyConfigured(
                f"presets.quarantine() needs Redis or RabbitMQ as the broker, and this broker is {kind}. "
                "Remove the preset from the settings."
            )
        queue = dead_letter_queue(self.app)
        if kind == "amqp" and len(queue.encode()) > LONGEST_NAME_BYTES:
            raise ImproperlyConfigured(
                f"presets.quarantine() makes the name of the dead-letter queue from task_default_queue, and "
                f"RabbitMQ allows {LONGEST_NAME_BYTES} bytes: {queue!r} has {len(queue.encode())}. Choose a "
                "shorter task_default_queue."
            )
        if _gets_orders(self.app):
            log.info(
                "The operator manages this worker: presets.quarantine() is off, and spec.health.poisonTasks "
                "applies."
            )
        else:
            self.own_quarantine = OwnQuarantine(self)


def _gets_orders(app: Any) -> bool:
    """Whether the operator orders the quarantine of this worker.

    The operator marks the workers of its own pods. The agent alone shows nothing: workers of
    ``celery-probe run`` and of ``kubectl celery inject`` have it too, and no operator reads their reports.
    """
    has_agent = any(getattr(step, "__module__", "") == AGENT_STEP for step in app.steps["consumer"])
    return has_agent and bool(os.environ.get(MANAGED_VARIABLE))
