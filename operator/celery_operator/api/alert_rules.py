"""The alert rules of this operator and of the monitors that it creates."""

import json
from dataclasses import dataclass

from celery_health.alerts import RULES
from celery_health.alerts.choice import changes
from celery_health.alerts.rule import Rule


@dataclass(frozen=True, slots=True)
class AlertRules:
    """The rules as the user has chosen them. ``runbook_url``: where the runbooks are published, if at all."""

    rules: tuple[Rule, ...] = RULES
    runbook_url: str = ""

    @property
    def changed(self) -> str:
        """What the user has changed, as the monitor's option --alert-rules takes it. Empty for nothing."""
        found = changes(RULES, self.rules)
        return json.dumps(found) if found else ""

    def runbook(self, rule: Rule) -> str:
        """The address of the page that says what to do, or its path in this repository."""
        if self.runbook_url:
            return f"{self.runbook_url.rstrip('/')}/{rule.runbook.removeprefix('runbooks/')}"
        return f"docs/{rule.runbook}"


ALL_RULES = AlertRules()
