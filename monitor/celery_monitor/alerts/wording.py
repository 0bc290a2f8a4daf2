"""Alerts in words: what people read about a record. Pure."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import quote

from celery_health.alerts import RULES
from celery_health.alerts.rendering import rendered
from celery_health.alerts.rule import Rule
from celery_monitor.alerts.notification import Alert
from celery_monitor.alerts.silences import RULE, SEVERITY, silence_of
from celery_monitor.history.filters.fields import quoted
from celery_monitor.records.alerts import AlertKey, AlertRecord, Silence

_ALERTS = "/monitoring/alerts"
ALL_RULES: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in RULES})


@dataclass(frozen=True, slots=True)
class Wording:
    """``rules``: by name, with the thresholds of the settings. ``application``: its labels, such as namespace
    and resource. ``unknown``: those of these labels that are not known yet. ``command`` shows its health.

    ``page_url``: where browsers find the page, without a slash at the end. ``runbook_url``: the same of
    docs/runbooks. None leaves the links out.
    """

    rules: Mapping[str, Rule] = field(default_factory=lambda: ALL_RULES)
    application: Mapping[str, str] = field(default_factory=dict)
    unknown: Set[str] = frozenset()
    command: str | None = None
    page_url: str | None = None
    runbook_url: str | None = None

    @property
    def alerts_url(self) -> str | None:
        """Where the page lists all alerts."""
        return None if self.page_url is None else f"{self.page_url}{_ALERTS}"

    def labels(self, key: AlertKey) -> dict[str, str]:
        """The labels that silences match, as far as they are known."""
        rule = self.rules[key.rule]
        return {RULE: key.rule, SEVERITY: rule.severity.value, **self.application, **dict(key.labels)}

    def silence(self, key: AlertKey, silences: Iterable[Silence], now: float) -> Silence | None:
        """The silence that counts for an alert."""
        return silence_of(self.labels(key), silences, now, self.unknown)

    def alert(self, record: AlertRecord) -> Alert:
        """A record that fires, or has fired."""
        rule = self.rules[record.key.rule]
        labels = {**self.application, **dict(record.key.labels)}
        return Alert(
            rule=rule.name,
            labels=labels,
            severity=rule.severity,
            status="firing" if record.ended is None else "resolved",
            since=record.fired if record.fired is not None else record.began,
            ended=record.ended,
            summary=record.summary or rendered(rule.filled(rule.summary), labels, record.value),
            description=record.description or rendered(rule.filled(rule.description), labels, record.value),
            command=self.command,
            page_url=None if self.page_url is None else self.page_url + place(labels),
            runbook_url=None
            if self.runbook_url is None
            else f"{self.runbook_url}/{rule.runbook.removeprefix('runbooks/')}",
        )


def place(labels: Mapping[str, str]) -> str:
    """The address on the page that shows what an alert is about."""
    if queue := labels.get("queue"):
        return f"/monitoring/queues/{quote(queue, safe='')}"
    if name := labels.get("name"):
        return f"/monitoring/tasks?q={quote(f'name:{quoted(name)}', safe='')}"
    return _ALERTS
