"""What a condition says before it is stamped with a generation and a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from celery_operator.api.status import ConditionType

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


Verdicts = Mapping[ConditionType, Verdict]
"""Every condition, in the order in which the status lists them."""


def yes(reason: str, message: str) -> Verdict:
    """The condition holds."""
    return Verdict("True", reason, message)


def no(reason: str, message: str) -> Verdict:
    """The condition is known not to hold."""
    return Verdict("False", reason, message)


def unknown(reason: str, message: str) -> Verdict:
    """The evidence does not tell."""
    return Verdict("Unknown", reason, message)
