"""How many pods a group should have now, from its load, with a sentence that says why."""

import math
from dataclasses import dataclass

from celery_operator.api.annotations import NO_PAUSE, ScalingPauses
from celery_operator.api.autoscaling import Autoscaling
from celery_operator.decide.scaling import need, policies
from celery_operator.decide.scaling.decision import ScalingDecision, ScalingReason
from celery_operator.decide.scaling.explain import sentence_of
from celery_operator.snapshot import GroupLoad, ScalingHistory

_ROUNDING = 1e-9
"""What floating point may have added to a size: no pod is created for it."""


@dataclass(frozen=True, slots=True)
class _Size:
    """A number of pods, and what it came from."""

    pods: int
    reason: ScalingReason


@dataclass(frozen=True, slots=True)
class _Case:
    """One group at one moment."""

    rules: Autoscaling
    current: int
    slots_per_pod: int
    load: GroupLoad
    floor: int

    @property
    def lowest(self) -> int:
        return min(max(self.rules.min_replicas, self.floor), self.rules.max_replicas)


def scale(  # noqa: PLR0917 - one group at one moment, and what is in force for it
    rules: Autoscaling,
    current: int,
    slots_per_pod: int,
    load: GroupLoad,
    history: ScalingHistory,
    now: float,
    floor: int = 0,
    pauses: ScalingPauses = NO_PAUSE,
) -> ScalingDecision:
    """The number of pods that the group should have now.

    ``current`` is the one in force, ``now`` a time on the clock of ``history``, ``floor`` what the schedule
    asks for at least.
    """
    case = _Case(rules, current, slots_per_pod, load, floor)
    needed = _needed(case)
    # Without a history, what is in force counts as recommended until now.
    recommendations = (*(history.recommendations or ((now, current),)), (now, needed.pods))
    size = _stabilized(needed, current, policies.stabilized(rules, current, recommendations, now))
    size = _moved(
        size, policies.allowed(rules, current, size.pods, history.changes, now), ScalingReason.LIMITED
    )
    size = _bounded(case, _awake(case, size))
    size = _paused(size, current, pauses)
    changes = (*history.changes, (now, size.pods - current)) if size.pods != current else history.changes
    return ScalingDecision(
        size.pods,
        size.reason,
        sentence_of(
            size.reason, load, before=current, pods=size.pods, needed=needed.pods, slots_per_pod=slots_per_pod
        ),
        ScalingHistory(
            policies.remembered(rules, recommendations, now), policies.counted_changes(rules, changes, now)
        ),
    )


def _needed(case: _Case) -> _Size:
    """What the load alone needs; never fewer pods than now where that is uncertain."""
    load, current = case.load, case.current
    if load.ready is None:
        fallback = case.rules.fallback
        if fallback and load.unread_for >= fallback.after_seconds and fallback.replicas > current:
            return _Size(fallback.replicas, ScalingReason.FALLBACK)
        return _Size(current, ScalingReason.QUEUE_LENGTHS_UNKNOWN)
    size = _by_load(case)
    if size.pods < current and not load.complete:
        return _Size(current, ScalingReason.EVIDENCE_INCOMPLETE)
    return size


def _by_load(case: _Case) -> _Size:
    tasks = need.tasks(case.load)
    if tasks == 0 or (case.current == 0 and tasks <= case.rules.activation_backlog):
        # An ETA task that a worker gives back to the broker would wake the group again.
        if case.load.eta:
            return _Size(1, ScalingReason.ETA_TASKS)
        return _Size(0, ScalingReason.BELOW_ACTIVATION if tasks else ScalingReason.IDLE)
    slots = need.needed_slots(case.rules, case.load)
    exact = max(0.0, slots / case.slots_per_pod - _ROUNDING)
    down, up = case.rules.scale_down.tolerance, case.rules.scale_up.tolerance
    if case.current and case.current * (1 - down) <= exact <= case.current * (1 + up):
        return _Size(case.current, ScalingReason.FITS)
    if exact < case.current:
        exact = min(case.current, need.with_room(case.load, slots) / case.slots_per_pod - _ROUNDING)
    return _compared(max(1, math.ceil(exact)), case.current)


def _compared(pods: int, current: int) -> _Size:
    if pods == current:
        return _Size(pods, ScalingReason.FITS)
    return _Size(pods, ScalingReason.MORE_LOAD if pods > current else ScalingReason.LESS_LOAD)


def _stabilized(size: _Size, current: int, pods: int) -> _Size:
    if pods == current:
        return _moved(size, pods, ScalingReason.STABILIZING)
    return _moved(size, pods, ScalingReason.LESS_LOAD if pods < current else size.reason)


def _awake(case: _Case, size: _Size) -> _Size:
    """The last pod stays until there has been nothing to do for long enough."""
    if size.pods == 0 < case.current and case.load.idle_for < case.rules.idle_seconds:
        return _Size(1, ScalingReason.IDLE_SECONDS)
    return size


def _bounded(case: _Case, size: _Size) -> _Size:
    if size.pods > case.rules.max_replicas:
        return _Size(case.rules.max_replicas, ScalingReason.AT_MAXIMUM)
    reason = ScalingReason.AT_MINIMUM if case.lowest <= case.rules.min_replicas else ScalingReason.SCHEDULED
    return _moved(size, max(size.pods, case.lowest), reason)


def _paused(size: _Size, current: int, pauses: ScalingPauses) -> _Size:
    if pauses.scale_in and size.pods < current:
        return _Size(current, ScalingReason.SCALE_IN_PAUSED)
    if pauses.scale_out and size.pods > current:
        return _Size(current, ScalingReason.SCALE_OUT_PAUSED)
    return size


def _moved(size: _Size, pods: int, reason: ScalingReason) -> _Size:
    return size if pods == size.pods else _Size(pods, reason)
