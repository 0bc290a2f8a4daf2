"""An Event that a decision asks for."""

from dataclasses import dataclass
from typing import Literal

from celery_operator.api.status import ConditionType


@dataclass(frozen=True, slots=True)
class EventNote:
    """An Event on the CeleryDeployment, not yet sent. ``condition``: whose change it reports, if it does."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    condition: ConditionType | None = None
