"""What the table knows of one alert rule."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from celery_health.alerts.comparison import Evidence
from celery_health.alerts.measure import Above

WHERE = '{{ with $labels.namespace }}{{ . }}/{{ end }}{{ or $labels.resource "the application" }}'
"""What ``@where@`` stands for: the application of an alert. Outside Kubernetes it has no namespace, and its
resource is missing unless the scrape configuration names it."""

_PLACEHOLDER = re.compile(r"@(\w+)@")


class AlertSeverity(StrEnum):
    """How soon a person has to act. Not the severity of a verdict, which is about health."""

    CRITICAL = "critical"
    """At once: tasks are not run, or it would not be noticed if they were not."""
    WARNING = "warning"
    """The same day: tasks run, but something is wrong or will be."""


class Subject(StrEnum):
    """What a rule is about: the name of its group, and the folder of its runbook."""

    WORKERS = "workers"
    TASKS = "tasks"
    QUEUES = "queues"
    BEAT_AND_BROKER = "beat-and-broker"
    OPERATOR = "operator"
    MONITOR = "monitor"


class Program(StrEnum):
    """A program of this product whose series a rule evaluates."""

    OPERATOR = "operator"
    SIDECAR = "sidecar"
    MONITOR = "monitor"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A whole number in a rule that users may change. ``unit``: what is counted, for the documentation."""

    name: str
    default: int
    unit: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert rule.

    Expression, summary and description contain each threshold as ``@name@``. ``summary`` and ``description``
    are templates of Prometheus, and contain ``@where@``. ``programs``: those that show the condition. Each of
    them suffices. ``hold_seconds``: how long the expression must give a result before the alert fires,
    ``for`` in Prometheus. ``operator``: the parts of the expression that the operator evaluates itself. Each
    of them suffices. ``monitor``: what the monitor measures itself; each suffices too. In a cluster the
    operator pushes its alerts to the monitor. ``only_prometheus``: why neither evaluates the rule, as a
    sentence.
    """

    name: str
    subject: Subject
    severity: AlertSeverity
    hold_seconds: int
    programs: frozenset[Program]
    expression: str
    summary: str
    description: str
    thresholds: tuple[Threshold, ...] = ()
    operator: tuple[Evidence, ...] = ()
    monitor: tuple[Above, ...] = ()
    only_prometheus: str = ""

    @property
    def hold(self) -> str:
        """``hold_seconds`` as Prometheus writes it: 5m."""
        minutes, rest = divmod(self.hold_seconds, 60)
        return f"{self.hold_seconds}s" if rest else f"{minutes}m"

    @property
    def runbook(self) -> str:
        """The page, below docs/, that says what to do."""
        return f"runbooks/{self.subject}/{self.name}.md"

    @property
    def outside_kubernetes(self) -> bool:
        """Whether the rule can fire where there is no operator."""
        return Program.MONITOR in self.programs

    def filled(self, text: str, values: Mapping[str, int] | None = None) -> str:
        """A text of this rule with its thresholds: those of ``values``, otherwise the defaults.

        Raises:
            KeyError: the text contains a threshold that the rule does not have.
        """
        known = {one.name: one.default for one in self.thresholds} | dict(values or {})
        return _PLACEHOLDER.sub(lambda found: str(known[found[1]]), located(text))


def located(text: str) -> str:
    """A text with its ``@where@``, and with its thresholds as they are."""
    return text.replace("@where@", WHERE)


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules about one subject. Prometheus evaluates them one after the other."""

    subject: Subject
    rules: tuple[Rule, ...]

    @property
    def name(self) -> str:
        """The name of the group in Prometheus."""
        return f"celery-{self.subject}"
