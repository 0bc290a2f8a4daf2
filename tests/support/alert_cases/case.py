"""What one test of an alert rule gives to promtool, and what it expects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SHOP = {"namespace": "market", "resource": "shop"}
"""The labels that every target of the application has in a cluster."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert that fires, with its labels except the severity, and its sentences."""

    labels: Mapping[str, str]
    summary: str
    description: str


@dataclass(frozen=True, slots=True)
class Case:
    """One rule over some minutes. ``series``: values of promtool by series, one a minute.

    The alerts fire at the last minute. A case without alerts is silent at every minute.
    """

    rule: str
    about: str
    series: Mapping[str, str]
    minutes: int
    alerts: tuple[Alert, ...] = ()

    @property
    def checked_minutes(self) -> Sequence[int]:
        """When the alerts are compared."""
        return (self.minutes,) if self.alerts else range(self.minutes + 1)


def series(name: str, application: Mapping[str, str] = SHOP, /, **labels: str) -> str:
    """A series of an application, as Prometheus writes it."""
    pairs = ",".join(f'{label}="{value}"' for label, value in {**application, **labels}.items())
    return f"{name}{{{pairs}}}"


def condition(kind: str, reason: str) -> str:
    """The series of a condition; 1 is True and 0 is False."""
    return series("celery_deployment_condition", condition=kind, reason=reason, pod="operator-1")
