"""What a person has to do where nobody else restarts ill processes: pure."""

from dataclasses import dataclass

from celery_operator.api.names import ANNOTATION_PAUSE_HEALING, PLURAL
from celery_operator.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ByHand:
    """``why`` nothing is restarted, ``remedy`` against it, and the command for that."""

    why: str
    remedy: str
    command: str


def by_hand(snapshot: Snapshot, pod: str) -> ByHand | None:
    """How to have this pod's ill process restarted; None where that goes by itself."""
    if snapshot.spec.health.restart.policy == "Never":
        why = "spec.health.restart.policy is Never"
        return ByHand(why, "Delete the pod", snapshot.kubectl(f"delete pod {pod}"))
    if snapshot.annotations.healing_paused:
        resume = f"annotate {PLURAL} {snapshot.name} {ANNOTATION_PAUSE_HEALING}-"
        return ByHand("healing is paused", "Resume healing, or delete the pod", snapshot.kubectl(resume))
    return None
