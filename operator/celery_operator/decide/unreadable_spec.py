"""The status of a resource whose spec cannot be read, as after a manual change of the CRD."""

from datetime import datetime

from pydantic import ValidationError

from celery_health.catalogue.configuration import ConfigurationReason
from celery_health.catalogue.health import HealthState
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.status import CeleryDeploymentStatus, Condition, ConditionType


def unreadable(
    previous: CeleryDeploymentStatus, generation: int, error: ValidationError, now: datetime
) -> CeleryDeploymentStatus:
    """Stalled and not Ready; everything else stays as it was last seen, for what runs is left alone."""
    fields = "; ".join(
        f"spec.{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()[:5]
    )
    verdict = Verdict(ConfigurationReason.SPEC_UNREADABLE, facts={"problem": fields})
    message = verdict.message
    before = {condition.type: condition for condition in previous.conditions}

    def condition(kind: ConditionType, status: str) -> Condition:
        return Condition.model_validate(
            {
                "type": kind,
                "status": status,
                "reason": verdict.reason.value,
                "message": message,
                "observedGeneration": generation,
                "lastTransitionTime": previous.since(kind, status, now),
            }
        )

    changed = {
        kind: condition(kind, status)
        for kind, status in (
            (ConditionType.READY, "False"),
            (ConditionType.RECONCILING, "False"),
            (ConditionType.STALLED, "True"),
        )
    }
    return previous.model_copy(
        update={
            "observed_generation": generation,
            "health": HealthState.UNKNOWN,
            "message": message,
            "conditions": tuple((before | changed).values()),
        }
    )
