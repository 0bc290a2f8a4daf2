"""Drains that last longer than they may."""

from collections.abc import Mapping

from celery_health.catalogue.states import StateReason
from celery_health.verdicts.verdict import Verdict
from celery_operator.snapshot import PodState, Snapshot

LATE_SECONDS = 60.0
"""The kubelet and the API server need some of it to delete a pod whose grace period is over."""


def overdue_drains(snapshot: Snapshot) -> Mapping[str, Mapping[str, float]]:
    """Seconds by which the drain of each pod has exceeded its time, by group and pod; 0 within that time.

    A pod should be gone after drainTimeoutSeconds and gracePeriodSeconds. The time runs from when the
    operator chose the pod, whether or not its sidecar has taken the order. A group without a draining pod is
    missing.
    """
    limits = {
        group.name: group.drain_timeout_seconds + group.grace_period_seconds
        for group in snapshot.spec.workers
    }
    found: dict[str, dict[str, float]] = {}
    for pod in snapshot.pods:
        lasting = _lasting(pod, snapshot)
        if lasting is not None and pod.group in limits:
            found.setdefault(pod.group, {})[pod.name] = max(0.0, lasting - limits[pod.group])
    return found


def longest_overdue_drains(snapshot: Snapshot) -> Mapping[str, float]:
    """The longest of ``overdue_drains`` in each group."""
    return {group: max(pods.values()) for group, pods in overdue_drains(snapshot).items()}


def overdue_verdict(snapshot: Snapshot) -> Verdict:
    """Whether a pod should have been gone for a while. The one that should have gone first comes first."""
    found = [
        (late, pod)
        for pods in overdue_drains(snapshot).values()
        for pod, late in pods.items()
        if late > LATE_SECONDS
    ]
    if not found:
        return Verdict(StateReason.NO_DRAIN_OVERDUE)
    found.sort(reverse=True)
    # The number of seconds would change the message in every reconcile.
    minutes = int(found[0][0] // 60)
    names = tuple(pod for _, pod in found)
    return Verdict(StateReason.DRAIN_OVERDUE, names, {"late": f"{minutes} min"})


def _lasting(pod: PodState, snapshot: Snapshot) -> float | None:
    """Seconds for which the pod drains; None if it does not."""
    chosen = snapshot.memory.chosen.get(pod.uid)
    requested = pod.reading.drain_requested_for if pod.reading else None
    times = [requested] if requested is not None else []
    if chosen is not None:
        times.append(snapshot.mono - chosen)
    return max(times, default=None)
