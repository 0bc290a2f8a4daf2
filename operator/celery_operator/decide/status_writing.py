"""When a new status is worth a write to the API server."""

from celery_operator.api.status import CeleryDeploymentStatus

NUMBERS_EVERY_SECONDS = 5.0
"""Task counts, queue lengths and the sentences that quote them change at every reconcile. Precise numbers are
metrics.
"""


def worth_writing(
    previous: CeleryDeploymentStatus, new: CeleryDeploymentStatus, seconds_since_written: float
) -> bool:
    """Whether to write it now: at once when something changed that programs act on, and every few seconds
    when only counts and sentences changed.
    """
    if previous == new:
        return False
    if _acted_on(previous) != _acted_on(new):
        return True
    return seconds_since_written >= NUMBERS_EVERY_SECONDS


def _acted_on(status: CeleryDeploymentStatus) -> CeleryDeploymentStatus:
    """The status without counts of tasks and messages, and without sentences. Replica counts stay: an
    autoscaler computes with them.
    """
    return status.model_copy(
        update={
            "backlog": None,
            "active": None,
            "message": "",
            "workers": tuple(
                group.model_copy(update={"active": None, "reserved": None, "eta": None})
                for group in status.workers
            ),
            "queues": tuple(queue.model_copy(update={"ready": None}) for queue in status.queues),
            "recommendations": tuple(one.command for one in status.recommendations),
            "alerts": tuple(one.model_copy(update={"message": ""}) for one in status.alerts),
            "conditions": tuple(one.model_copy(update={"message": ""}) for one in status.conditions),
        }
    )
