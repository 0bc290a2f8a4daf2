"""Why a group has the number of pods that it has: reasons, and the sentences that go with them."""

import math
from enum import StrEnum

from celery_health.verdicts.text import lasting
from celery_operator.decide.scaling import sizing
from celery_operator.decide.text import counted
from celery_operator.snapshot import GroupLoad


class ScalingReason(StrEnum):
    """Why a group has the number of pods that it has."""

    MORE_LOAD = "MoreLoad"
    """The load needs more pods."""
    LESS_LOAD = "LessLoad"
    """The load needs fewer pods."""
    FITS = "FitsLoad"
    """The load needs as many as there are, within the tolerance."""
    AT_MAXIMUM = "AtMaxReplicas"
    """More would be needed than maxReplicas."""
    AT_MINIMUM = "AtMinReplicas"
    """Fewer would do, and minReplicas keeps them."""
    SCHEDULED = "Scheduled"
    """Fewer would do, and a window of the schedule keeps them."""
    STABILIZING = "Stabilizing"
    """The load needs others, but not yet for as long as stabilizationWindowSeconds say."""
    LIMITED = "LimitedByPolicy"
    """A policy lets the group move only so fast, or not at all."""
    IDLE = "Idle"
    """There is nothing to do."""
    IDLE_SECONDS = "IdleSeconds"
    """There is nothing to do, but not yet for as long as idleSeconds say."""
    ETA_HELD = "EtaHeld"
    """Nothing is to be done but tasks that wait for their time in a worker, which must stay for them."""
    BELOW_ACTIVATION = "BelowActivation"
    """The group is at zero, and no more waits than activationBacklog."""
    BROKER_UNREADABLE = "BrokerUnreadable"
    """The broker does not tell what waits: nothing moves."""
    FALLBACK = "Fallback"
    """The broker has not told what waits for fallback.afterSeconds."""
    EVIDENCE_INCOMPLETE = "EvidenceIncomplete"
    """Fewer would do by what is known, but a worker does not tell what it holds."""
    SCALE_IN_PAUSED = "ScaleInPaused"
    """Somebody asked that no pod be taken away for now."""
    SCALE_OUT_PAUSED = "ScaleOutPaused"
    """Somebody asked that no pod be added for now."""


_STAYS = {
    ScalingReason.FITS: "as many as the load needs",
    ScalingReason.AT_MAXIMUM: "more are needed, and maxReplicas allows no more",
    ScalingReason.AT_MINIMUM: "fewer would do, and minReplicas keeps them",
    ScalingReason.SCHEDULED: "fewer would do, and the schedule keeps them now",
    ScalingReason.IDLE: "nothing to do",
    ScalingReason.IDLE_SECONDS: "nothing to do, but not yet for idleSeconds",
    ScalingReason.ETA_HELD: "nothing to do but tasks that are held for their time",
    ScalingReason.BELOW_ACTIVATION: "no more waits than activationBacklog",
    ScalingReason.BROKER_UNREADABLE: "held, because the broker does not tell what waits",
    ScalingReason.EVIDENCE_INCOMPLETE: "fewer might do, but a worker does not tell what it holds",
    ScalingReason.SCALE_IN_PAUSED: "fewer would do, and scaling in is paused",
    ScalingReason.SCALE_OUT_PAUSED: "more are needed, and scaling out is paused",
}

_LEAST_TOLD = 0.01
"""Tasks a second; what is left of a rate that ends is less."""

_STABILIZING = "{0} would do, but not yet for {1}.stabilizationWindowSeconds"
_LIMITED = "{0} would do, but {1} does not let the group move so soon"

_SO_MANY = {
    ScalingReason.AT_MAXIMUM: "maxReplicas allows no more",
    ScalingReason.AT_MINIMUM: "minReplicas asks for so many",
    ScalingReason.SCHEDULED: "the schedule asks for so many now",
    ScalingReason.FALLBACK: "fallback.replicas asks for so many",
    ScalingReason.IDLE_SECONDS: "the last one stays for idleSeconds",
}


def sentence_of(
    reason: ScalingReason, load: GroupLoad, *, before: int, pods: int, wished: int, slots_per_pod: int
) -> str:
    """``12 -> 20: 4,310 ready, 31/s in, 2.1/s a slot; empty in 60 s`` where the number changes.

    Where it stays the sentence has no measured number in it, and so stays as well. ``wished``: what the load
    alone needs.
    """
    if pods == before:
        return f"{counted(pods, 'pod')}: {_stays(reason, more=wished > before)}"
    parts = [_facts(load), _emptied(load, pods * slots_per_pod) if pods > before else ""]
    if reason is ScalingReason.LIMITED:
        parts.append(f"{_rules(pods > before)} lets it move no farther now")
    parts.append(_SO_MANY.get(reason, ""))
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
        return f"the broker has not told what waits for {lasting(load.unread_for)}"
    if sizing.tasks(load) == 0:
        return f"nothing to do{_held(load)}"
    facts = [f"{load.ready:,} ready"]
    if load.throughput_per_slot is None:
        facts.append(f"{load.active:,} running")
    if load.arrival_rate >= _LEAST_TOLD:
        facts.append(f"{_rate(load.arrival_rate)} in")
    if load.throughput_per_slot:
        facts.append(f"{_rate(load.throughput_per_slot)} a slot")
    return ", ".join(facts)


def _held(load: GroupLoad) -> str:
    if load.eta_held:
        return f" but {counted(load.eta_held, 'task')} held for their time"
    return f" for {lasting(load.idle_for)}" if load.idle_for >= 1 else ""


def _emptied(load: GroupLoad, slots: int) -> str:
    seconds = sizing.seconds_to_empty(load, slots) if sizing.waiting(load) else None
    return "" if seconds is None else f"empty in {lasting(math.ceil(seconds))}"


def _rate(per_second: float) -> str:
    """Two digits are enough for a reader: ``31/s``, ``2.1/s``, ``1,204/s``."""
    return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second:.2g}/s"
