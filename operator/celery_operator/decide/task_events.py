"""Which workers are to send task events: those of a resource whose monitor is enabled."""

from collections.abc import Iterator

from celery_operator.decide.evidence import Evidence
from celery_operator.decide.orders import TaskEventsOrder


def task_events(evidence: Evidence) -> Iterator[TaskEventsOrder]:
    """An order to each worker that was not asked for what the spec asks for."""
    enabled = evidence.snapshot.spec.monitor.enabled
    for pod in evidence.snapshot.pods:
        requested = pod.reading.task_events_requested if pod.reading else None
        if requested is not None and requested != enabled and not pod.deleting:
            yield TaskEventsOrder(pod.name, pod.uid, enabled)
