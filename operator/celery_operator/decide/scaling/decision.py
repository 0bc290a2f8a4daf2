"""What autoscaling decides for one group: a number of pods, and why."""

from dataclasses import dataclass
from enum import StrEnum

from celery_operator.snapshot import ScalingHistory


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
    """The load needs fewer, but minReplicas keeps them."""
    SCHEDULED = "Scheduled"
    """The load needs fewer, but a window of the schedule keeps them."""
    STABILIZING = "Stabilizing"
    """The load needs others, but not yet for as long as stabilizationWindowSeconds say."""
    LIMITED = "LimitedByPolicy"
    """A policy lets the group move only so fast, or not at all."""
    IDLE = "Idle"
    """There is nothing to do."""
    IDLE_SECONDS = "IdleSeconds"
    """There is nothing to do, but not yet for as long as idleSeconds say."""
    ETA_TASKS = "EtaTasks"
    """Only ETA tasks are left, and a worker must stay for them."""
    BELOW_ACTIVATION = "BelowActivation"
    """The group is at zero, and no more tasks wait than activationBacklog."""
    BROKER_UNREADABLE = "BrokerUnreadable"
    """The queue lengths are unknown: nothing changes."""
    FALLBACK = "Fallback"
    """The queue lengths have been unknown for fallback.afterSeconds."""
    EVIDENCE_INCOMPLETE = "EvidenceIncomplete"
    """The load may need fewer, but the in-flight tasks of a worker are unknown."""
    SCALE_IN_PAUSED = "ScaleInPaused"
    """Scale-in is paused by annotation."""
    SCALE_OUT_PAUSED = "ScaleOutPaused"
    """Scale-out is paused by annotation."""


@dataclass(frozen=True, slots=True)
class ScalingDecision:
    """``message`` says why, with ``12 -> 20`` where the number changes. ``history`` is for the next call."""

    replicas: int
    reason: ScalingReason
    message: str
    history: ScalingHistory
