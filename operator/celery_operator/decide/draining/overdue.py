"""The Event about the pods of a group whose time to drain is over."""

from collections.abc import Sequence

from celery_health.verdicts.text import counted, listed
from celery_operator.decide.draining.drain_state import DrainPod
from celery_operator.decide.event_note import EventNote, EventReason
from celery_probe.pod import SIDECAR_CONTAINER


def overdue_notes(group: str, pods: Sequence[DrainPod], limit: float) -> tuple[EventNote, ...]:
    """At most one Event, however many pods are stopped because their time to drain is over. It says of the
    first pod why.
    """
    if not pods:
        return ()
    pod, *others = pods
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
    stopped = "The pod is stopped now and has its grace period."
    if others:
        names = listed([one.name for one in others])
        stopped += f" The same is done with {counted(len(others), 'other overdue pod')}: {names}."
    return (
        EventNote(
            "Warning",
            EventReason.DRAIN_OVERDUE,
            f"Pod {pod.name} of group {group} {what}. {stopped} {advice}",
        ),
    )
