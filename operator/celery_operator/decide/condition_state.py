"""What a condition says before it is stamped with a generation and a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from celery_health.catalogue.entry import Severity
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.status import ConditionType

ConditionStatus = Literal["True", "False", "Unknown"]


@dataclass(frozen=True, slots=True)
class ConditionState:
    """``reason`` is a word of the catalogue."""

    status: ConditionStatus
    reason: str
    message: str

    @property
    def is_true(self) -> bool:
        """Whether the condition is known to be true."""
        return self.status == "True"

    @property
    def is_false(self) -> bool:
        """Whether the condition is known to be false."""
        return self.status == "False"


ConditionStates = Mapping[ConditionType, ConditionState]
"""Every condition, in the order in which the status lists them."""

_BY_SEVERITY: Mapping[Severity, ConditionStatus] = {
    Severity.UNHEALTHY: "False",
    Severity.DEGRADED: "False",
    Severity.UNKNOWN: "Unknown",
    Severity.INFORMATION: "True",
}


def by_verdict(verdict: Verdict) -> ConditionState:
    """A condition that is True only where nothing is wrong."""
    return ConditionState(_BY_SEVERITY[verdict.severity], verdict.reason, verdict.message)


def yes(reason: str, message: str) -> ConditionState:
    """The condition is True."""
    return ConditionState("True", reason, message)


def no(reason: str, message: str) -> ConditionState:
    """The condition is False."""
    return ConditionState("False", reason, message)


def unknown(reason: str, message: str) -> ConditionState:
    """The evidence does not show whether the condition is true."""
    return ConditionState("Unknown", reason, message)
