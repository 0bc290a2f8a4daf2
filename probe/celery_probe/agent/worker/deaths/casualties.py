"""The task that a death ends, read from Celery's request within the bounds of a report."""

from __future__ import annotations

from typing import Any

from celery_probe.agent import contract
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker import transport
from celery_probe.agent.worker.death_log import Casualty
from celery_probe.agent.worker.state import Worker


def casualty(
    worker: Worker,
    errors: ErrorLog,
    request: Any,
    *,
    ran_for: float | None,
    returns: bool,
    failed: bool = False,
) -> Casualty:
    """The task of a request. ``ran_for``: seconds, None if the task's start is unknown."""
    queue = ""
    # The death counts also where a transport shows no queue.
    with errors.caught("queue of a death"):
        queue = transport.queue_of(worker.consumer, request)
    return Casualty(
        id=contract.task_id(str(request.id)),
        name=contract.name(str(request.name)),
        queue=contract.name(queue),
        ran_for=None if ran_for is None else max(0.0, ran_for),
        returns=returns,
        failed=failed,
    )
