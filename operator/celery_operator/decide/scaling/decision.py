"""What autoscaling decides for one group: a number of pods, and why."""

from dataclasses import dataclass
from enum import Enum, auto

from celery_operator.snapshot import ScalingHistory


class ScalingReason(Enum):
    """Why a group has the number of pods that it has. A person reads the sentence of the reason."""

    MORE_LOAD = auto()
    """The load needs more pods."""
    LESS_LOAD = auto()
    """The load needs fewer pods."""
    FITS = auto()
    """The load needs as many as there are, within the tolerance."""
    AT_MAXIMUM = auto()
    """More would be needed than maxReplicas."""
    AT_MINIMUM = auto()
    """The load needs fewer, but minReplicas keeps them."""
    SCHEDULED = auto()
    """The load needs fewer, but a window of the schedule keeps them."""
    STABILIZING = auto()
    """The load needs others, but not yet for as long as stabilizationWindowSeconds say."""
    LIMITED = auto()
    """A policy lets the group move only so fast, or not at all."""
    IDLE = auto()
    """There is nothing to do."""
    IDLE_SECONDS = auto()
    """There is nothing to do, but not yet for as long as idleSeconds say."""
    ETA_TASKS = auto()
    """Only ETA tasks are left, and a worker must stay for them."""
    BELOW_ACTIVATION = auto()
    """The group is at zero, and no more tasks wait than activationBacklog."""
    QUEUE_LENGTHS_UNKNOWN = auto()
    """The queue lengths are unknown: nothing changes."""
    FALLBACK = auto()
    """The queue lengths have been unknown for fallback.afterSeconds."""
    EVIDENCE_INCOMPLETE = auto()
    """The load may need fewer, but the in-flight tasks of a worker are unknown."""
    SCALE_IN_PAUSED = auto()
    """Scale-in is paused by annotation."""
    SCALE_OUT_PAUSED = auto()
    """Scale-out is paused by annotation."""


@dataclass(frozen=True, slots=True)
class ScalingDecision:
    """``message`` says why, with ``12 -> 20`` where the number changes. ``history`` is for the next call."""

    replicas: int
    reason: ScalingReason
    message: str
    history: ScalingHistory
