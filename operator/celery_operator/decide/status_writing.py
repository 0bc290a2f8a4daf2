"""When a new status is worth a write to the API server."""

import re

from celery_operator.api.status import CeleryDeploymentStatus

NUMBERS_EVERY_SECONDS = 5.0
"""Task and message counts change at every tick; precise numbers are metrics."""

_DIGITS = re.compile(r"\d+")


def worth_writing(
    previous: CeleryDeploymentStatus, new: CeleryDeploymentStatus, seconds_since_written: float
) -> bool:
    """At once when something but task and message counts changed, for counts alone every few seconds."""
    if previous == new:
        return False
    if _without_counts(previous) != _without_counts(new):
        return True
    return seconds_since_written >= NUMBERS_EVERY_SECONDS


def _without_counts(status: CeleryDeploymentStatus) -> CeleryDeploymentStatus:
    """Replica counts stay: an autoscaler computes with them. Numbers in messages are counts told in words."""
    return status.model_copy(
        update={
            "backlog": None,
            "active": None,
            "message": _masked(status.message),
            "workers": tuple(
                group.model_copy(update={"active": None, "reserved": None, "eta": None})
                for group in status.workers
            ),
            "queues": tuple(queue.model_copy(update={"ready": None}) for queue in status.queues),
            "recommendations": tuple(
                advice.model_copy(update={"message": _masked(advice.message)})
                for advice in status.recommendations
            ),
            "conditions": tuple(
                condition.model_copy(update={"message": _masked(condition.message)})
                for condition in status.conditions
            ),
        }
    )


def _masked(message: str) -> str:
    return _DIGITS.sub("#", message)
