"""From the operator's flags to the rules that the monitor of a resource evaluates."""

import json
import re
from pathlib import Path

import pytest
import yaml

from celery_health.alerts import RULES
from celery_health.alerts.choice import read_choice
from celery_operator.process.flags import parse
from celery_operator.resources.settings import ObjectSettings
from tests.unit.resources.test_monitor_deployment import environment, pod, started

CHANGED = '{"CelerySlowTasks": {"seconds": 900, "for": "30m"}, "CeleryDeadLetters": {"enabled": false}}'


def with_flags(*flags: str) -> ObjectSettings:
    return parse(["run", *flags], {}).for_objects()


def test_the_monitor_evaluates_the_alert_rules_of_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = with_flags("--alert-rules", CHANGED, "--runbook-url", "https://docs.example/runbooks/")

    found = started(environment({}, settings), monkeypatch).alert_rules

    assert found.rules == read_choice(RULES, CHANGED) != RULES
    assert found.runbook_url == "https://docs.example/runbooks"


@pytest.mark.parametrize("longest", ["30000h", "99999999d", "99999999h7m1s", "0s"])
def test_the_monitor_takes_every_time_that_the_operator_takes(
    monkeypatch: pytest.MonkeyPatch, longest: str
) -> None:
    changed = json.dumps({"CelerySlowTasks": {"for": longest}})
    found = started(environment({}, with_flags("--alert-rules", changed)), monkeypatch).alert_rules
    assert found.rules == read_choice(RULES, changed) != RULES


def test_a_changed_rule_replaces_the_pod_of_the_monitor_and_the_defaults_in_full_do_not() -> None:
    defaults = {
        rule.name: {"enabled": True, "for": rule.hold, **{one.name: one.default for one in rule.thresholds}}
        for rule in RULES
    }
    before = pod({}, with_flags())

    assert pod({}, with_flags("--alert-rules", json.dumps(defaults))) == before
    assert pod({}, with_flags("--alert-rules", CHANGED)) != before


def test_the_guide_changes_the_alert_rules_of_one_monitor_by_its_template() -> None:
    page = (Path(__file__).parents[3] / "docs" / "howto" / "alerts.md").read_text(encoding="utf-8")
    (example,) = [one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "ALERT_RULES" in one]
    monitor = yaml.safe_load(example)["spec"]["monitor"]
    found = environment(monitor, with_flags("--alert-rules", CHANGED))
    rules = {rule.name: rule for rule in read_choice(RULES, found["CELERY_MONITOR_ALERT_RULES"])}
    assert rules["CeleryHighFailureRate"].thresholds[0].default == 25
    assert found["CELERY_MONITOR_PORT"]
