"""The status where there is no decision: the spec cannot be read, or the reconcile fails again and again.

Everything else stays as it was last seen, for what runs is left alone.
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import ValidationError

from celery_health.catalogue.configuration import ConfigurationReason
from celery_health.catalogue.health import HealthState
from celery_health.catalogue.states import StateReason
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.status import CeleryDeploymentStatus, Condition, ConditionType


def unreadable(
    previous: CeleryDeploymentStatus, generation: int, error: ValidationError, now: datetime
) -> CeleryDeploymentStatus:
    """Stalled and not Ready."""
    fields = "; ".join(
        f"spec.{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()[:5]
    )
    verdict = Verdict(ConfigurationReason.SPEC_UNREADABLE, facts={"problem": fields})
    statuses = {
        ConditionType.READY: "False",
        ConditionType.RECONCILING: "False",
        ConditionType.STALLED: "True",
    }
    status = _changed(previous, generation, verdict, statuses, now)
    return status.model_copy(update={"observed_generation": generation})


def failing(
    previous: CeleryDeploymentStatus, generation: int, problem: str, now: datetime
) -> CeleryDeploymentStatus:
    """Nothing is known now, so the resource counts neither as ready nor as healthy.

    ``problem``: why the reconcile fails, without secrets. The generation of the spec is not observed yet.
    """
    verdict = Verdict(StateReason.RECONCILE_FAILED, facts={"problem": problem})
    return _changed(previous, generation, verdict, {ConditionType.READY: "Unknown"}, now)


def _changed(
    previous: CeleryDeploymentStatus,
    generation: int,
    verdict: Verdict,
    statuses: Mapping[ConditionType, str],
    now: datetime,
) -> CeleryDeploymentStatus:
    """The health is Unknown, and these conditions have these statuses, because of the verdict."""
    message = verdict.message
    before = {condition.type: condition for condition in previous.conditions}
    changed = {
        kind: Condition.model_validate(
            {
                "type": kind,
                "status": status,
                "reason": verdict.reason.value,
                "message": message,
                "observedGeneration": generation,
                "lastTransitionTime": previous.since(kind, status, now),
            }
        )
        for kind, status in statuses.items()
    }
    return previous.model_copy(
        update={
            "health": HealthState.UNKNOWN,
            "message": message,
            "conditions": tuple((before | changed).values()),
        }
    )
