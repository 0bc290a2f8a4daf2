"""Workers of which it is unknown whether they consume, and why."""

from collections.abc import Iterator, Mapping

from celery_health.catalogue.entry import Reason
from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.workers import WorkerReason
from celery_operator.decide.evidence.worker_state import WorkerState, worker_state_of
from celery_operator.decide.evidence.workers import NO_TIME, startup_times
from celery_operator.snapshot import Snapshot

REASONS: Mapping[WorkerState, Reason] = {
    WorkerState.SIDECAR_UNREACHABLE: PodReason.SIDECAR_UNREACHABLE,
    WorkerState.AGENT_ABSENT: WorkerReason.AGENT_ABSENT,
    WorkerState.REPORT_UNREADABLE: WorkerReason.REPORT_UNREADABLE,
    WorkerState.CONSUMPTION_UNKNOWN: PodReason.CONSUMPTION_UNKNOWN,
}


def unknown_workers(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """The group and the reason of each of these workers."""
    startup = startup_times(snapshot)
    for pod in snapshot.pods:
        reason = REASONS.get(worker_state_of(pod, snapshot.now, startup.get(pod.group, NO_TIME)))
        if reason is not None:
            yield pod.group, reason.value
