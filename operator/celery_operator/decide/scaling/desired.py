"""How many pods a group should have now, and what its status says about that number."""

from dataclasses import dataclass

from celery_operator.api.status import ScalingStatus
from celery_operator.decide.event_note import EventNote
from celery_operator.decide.scaling.decision import ScalingDecision


@dataclass(frozen=True, slots=True)
class DesiredReplicas:
    """The desired replicas of one group.

    ``decision``: how autoscaling came to the number; None where the spec alone gives it. ``status`` describes
    the last change, ``note`` announces a change of this reconcile. ``scales_out``: autoscaling adds workers
    when messages come.
    """

    replicas: int
    decision: ScalingDecision | None = None
    status: ScalingStatus | None = None
    note: EventNote | None = None
    scales_out: bool = False
