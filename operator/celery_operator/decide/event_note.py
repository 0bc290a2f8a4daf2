"""An Event that a decision asks for."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class EventNote:
    """An Event on the CeleryDeployment, not yet sent."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str
