"""An Event that a decision asks for."""

from dataclasses import dataclass
from typing import Literal

from celery_operator.api.status import ConditionType


@dataclass(frozen=True, slots=True)
class EventNote:
    """An Event on the CeleryDeployment, not yet sent.

    ``condition``: whose change it reports, if it does. ``identity``: the same whenever and by whomever it is
    posted, for an Event that must be posted once.
    """

    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    condition: ConditionType | None = None
    identity: str = ""


def values_changed(deployment: str) -> EventNote:
    """The Event of a rollout that a changed Secret or ConfigMap causes."""
    return EventNote(
        "Normal",
        "ConfigurationChanged",
        f"A Secret or ConfigMap that the pods of {deployment} read has changed. A rollout replaces the pods",
    )
