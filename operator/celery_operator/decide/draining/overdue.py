"""The Event about a pod whose time to drain is over."""

from celery_operator.decide.draining.drain_state import DrainPod
from celery_operator.decide.event_note import EventNote
from celery_probe.pod import SIDECAR_CONTAINER


def overdue_note(group: str, pod: DrainPod, limit: float) -> EventNote:
    """The Event about a pod that is stopped because its time to drain is over."""
    if pod.drain_requested:
        what = f"has not drained within {limit:g} s"
        advice = "A longer workers[].drainTimeoutSeconds gives pods more time to drain"
    elif pod.silent_for > limit:
        what = f"has sent no report of its worker for {limit:g} s"
        advice = f"To see why, run kubectl logs {pod.name} -c {SIDECAR_CONTAINER}"
    else:
        why = f": {pod.why_unreached}" if pod.why_unreached else ""
        what = f"could not be asked to drain for {limit:g} s{why}"
        advice = f"To see why, run kubectl logs {pod.name} -c {SIDECAR_CONTAINER}"
    return EventNote(
        "Warning",
        "DrainOverdue",
        f"Pod {pod.name} of group {group} {what}. The pod is stopped now and has its grace period. {advice}",
    )
