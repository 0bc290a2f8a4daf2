"""What a person has to do where neither the kubelet nor the operator restarts a process."""

from dataclasses import dataclass

from celery_operator.api.annotations import pause_annotation
from celery_operator.api.names import ANNOTATION_PAUSE_HEALING, PLURAL
from celery_operator.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ManualStep:
    """``why`` nothing is restarted, the remedy, and the command for it."""

    why: str
    remedy: str
    command: str


def manual_step(snapshot: Snapshot, pod: str) -> ManualStep | None:
    """How to have the process of this pod restarted; None where that happens by itself."""
    if snapshot.spec.health.restart.policy == "Never":
        why = "spec.health.restart.policy is Never"
        return ManualStep(why, "Delete the pod", snapshot.kubectl(f"delete pod {pod}"))
    annotations = snapshot.annotations
    group = next((one.group for one in snapshot.pods if one.name == pod), None)
    if annotations.healing_paused or group in annotations.groups_paused:
        pause = ANNOTATION_PAUSE_HEALING
        if not annotations.healing_paused and group is not None:
            pause = pause_annotation(group)
        resume = f"annotate {PLURAL} {snapshot.name} {pause}-"
        return ManualStep("healing is paused", "Resume healing, or delete the pod", snapshot.kubectl(resume))
    return None
