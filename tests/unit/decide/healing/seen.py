"""The evidence of a group of stalled workers."""

from datetime import timedelta
from typing import Any

from celery_operator.api.status import CeleryDeploymentStatus, RestartsStatus
from celery_operator.decide.evidence import Evidence
from celery_operator.snapshot import PodState
from tests.unit.decide.build import GENERATION, WAITING, deployment, evidence_of, snapshot, spec
from tests.unit.decide.pods import NOW

FLEET = 3
NOTHING_YET = RestartsStatus()
NAMES = [f"shop-default-{letter}" for letter in "abcdefgh"]


def group(replicas: int = FLEET, **restart: Any) -> dict[str, Any]:
    """A spec of this number of workers, and the Deployment that has them."""
    return {
        "spec": spec(workers=[{"name": "default", "replicas": replicas}], health={"restart": restart}),
        "deployments": (deployment(replicas),),
    }


def seen(
    *pods: PodState, restarts: RestartsStatus = NOTHING_YET, later: float = 0, **changes: Any
) -> Evidence:
    """The evidence ``later`` seconds after NOW."""
    previous = CeleryDeploymentStatus(observed_generation=GENERATION, restarts=restarts)
    base = {**WAITING, **group(len(pods) or 1), "pods": pods, "previous": previous, **changes}
    return evidence_of(snapshot(now=NOW + timedelta(seconds=later), **base))
