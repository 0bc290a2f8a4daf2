"""The sentence that says why a group has the number of pods that it has."""

import math

from celery_health.verdicts.text import counted, lasting
from celery_operator.decide.scaling import need
from celery_operator.decide.scaling.decision import ScalingReason
from celery_operator.snapshot import GroupLoad

_STAYS = {
    ScalingReason.FITS: "the load needs this number",
    ScalingReason.AT_MAXIMUM: "the load needs more, but maxReplicas allows no more",
    ScalingReason.AT_MINIMUM: "the load needs fewer, but minReplicas keeps them",
    ScalingReason.SCHEDULED: "the load needs fewer, but the schedule keeps them now",
    ScalingReason.IDLE: "nothing to do",
    ScalingReason.IDLE_SECONDS: "nothing to do, but not yet for idleSeconds",
    ScalingReason.ETA_TASKS: "nothing to do but ETA tasks",
    ScalingReason.BELOW_ACTIVATION: "no more tasks wait than activationBacklog",
    ScalingReason.QUEUE_LENGTHS_UNKNOWN: "kept, because the queue lengths are unknown",
    ScalingReason.EVIDENCE_INCOMPLETE: "the load may need fewer, but the in-flight tasks of a worker are "
    "unknown",
    ScalingReason.SCALE_IN_PAUSED: "the load needs fewer, but scale-in is paused",
    ScalingReason.SCALE_OUT_PAUSED: "the load needs more, but scale-out is paused",
}

_LOWEST_SHOWN_RATE = 0.01
"""Tasks a second; what is left of a rate that ends is less."""

_STABILIZING = "the load needs {0}, but not yet for {1}.stabilizationWindowSeconds"
_LIMITED = "the load needs {0}, but the policies of {1} do not allow the change yet"

_LIMITS = {
    ScalingReason.AT_MAXIMUM: "maxReplicas allows no more",
    ScalingReason.AT_MINIMUM: "minReplicas allows no fewer",
    ScalingReason.SCHEDULED: "the schedule allows no fewer now",
    ScalingReason.FALLBACK: "fallback.replicas sets this number",
    ScalingReason.IDLE_SECONDS: "the last one stays for idleSeconds",
}


def sentence_of(
    reason: ScalingReason, load: GroupLoad, *, before: int, pods: int, needed: int, slots_per_pod: int
) -> str:
    """``12 -> 20: 4,310 ready, 31/s in, 2.1/s a slot; empty in 60 s`` where the number changes.

    Where it stays the sentence has no measured number in it, and so stays as well. ``needed``: what the load
    alone needs.
    """
    if pods == before:
        return f"{counted(pods, 'pod')}: {_stays(reason, more=needed > before)}"
    parts = [_facts(load), _emptied(load, pods * slots_per_pod) if pods > before else ""]
    if reason is ScalingReason.LIMITED:
        parts.append(f"the policies of {_rules(pods > before)} allow no larger change now")
    parts.append(_LIMITS.get(reason, ""))
    return f"{before} -> {pods}: {'; '.join(part for part in parts if part)}"


def _stays(reason: ScalingReason, *, more: bool) -> str:
    text = {ScalingReason.STABILIZING: _STABILIZING, ScalingReason.LIMITED: _LIMITED}.get(reason)
    if text is None:
        return _STAYS[reason]
    return text.format("more" if more else "fewer", _rules(more))


def _rules(up: bool) -> str:
    return "scaleUp" if up else "scaleDown"


def _facts(load: GroupLoad) -> str:
    if load.ready is None:
        return f"the queue lengths have been unknown for {lasting(load.unread_for)}"
    if need.tasks(load) == 0:
        return f"nothing to do{_except_eta(load)}"
    facts = [f"{load.ready:,} ready"]
    if load.throughput_per_slot is None:
        facts.append(f"{load.active:,} active")
    if load.arrival_rate >= _LOWEST_SHOWN_RATE:
        facts.append(f"{_rate(load.arrival_rate)} in")
    if load.throughput_per_slot:
        facts.append(f"{_rate(load.throughput_per_slot)} a slot")
    return ", ".join(facts)


def _except_eta(load: GroupLoad) -> str:
    if load.eta:
        return f" but {counted(load.eta, 'ETA task')}"
    return f" for {lasting(load.idle_for)}" if load.idle_for >= 1 else ""


def _emptied(load: GroupLoad, slots: int) -> str:
    seconds = need.seconds_to_empty(load, slots) if need.waiting(load) else None
    return "" if seconds is None else f"empty in {lasting(math.ceil(seconds))}"


def _rate(per_second: float) -> str:
    """Two digits are enough for a reader: ``31/s``, ``2.1/s``, ``1,204/s``."""
    return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second:.2g}/s"
