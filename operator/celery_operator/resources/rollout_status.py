"""How far the rollout of a Deployment or StatefulSet is, by its status in the watch."""

from celery_operator.kinds import Json


def has_old_pods(live: Json) -> bool:
    """Whether an object still has pods of an earlier template."""
    status = live.get("status") or {}
    if status.get("observedGeneration", 0) < live["metadata"].get("generation", 0):
        return True
    return bool(status.get("replicas", 0) > status.get("updatedReplicas", 0))


def is_rolled_out(live: Json) -> bool:
    """Whether all desired pods are available, and made from the present template."""
    status, desired = live.get("status") or {}, live["spec"].get("replicas", 1)
    pods = min(status.get("updatedReplicas", 0), status.get("availableReplicas", 0))
    return bool(pods >= desired) and not has_old_pods(live)
