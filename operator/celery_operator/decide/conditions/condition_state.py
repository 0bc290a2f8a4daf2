"""What a condition says before it is stamped with a generation and a time."""

from dataclasses import dataclass
from typing import Literal

ConditionStatus = Literal["True", "False", "Unknown"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reason`` is one of ``Reason`` or ``BrokerReason``, or the reason of a ``ConfigurationFault``."""

    status: ConditionStatus
    reason: str
    message: str

    @property
    def holds(self) -> bool:
        return self.status == "True"

    @property
    def fails(self) -> bool:
        return self.status == "False"


def yes(reason: str, message: str) -> Verdict:
    """The condition holds."""
    return Verdict("True", reason, message)


def no(reason: str, message: str) -> Verdict:
    """The condition is known not to hold."""
    return Verdict("False", reason, message)


def unknown(reason: str, message: str) -> Verdict:
    """The evidence does not tell."""
    return Verdict("Unknown", reason, message)
