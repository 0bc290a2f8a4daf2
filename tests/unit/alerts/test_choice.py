"""What users change in the rules."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from celery_health.alerts import RULES
from celery_health.alerts.choice import changes, chosen, read_choice
from celery_health.alerts.rule import AlertSeverity, Rule
from tests.unit.alerts.documented_metrics import ROOT

VALUES = Path(ROOT, "charts/celery-operator/values.yaml")


def by_name(**choice: Any) -> dict[str, Rule]:
    return {rule.name: rule for rule in chosen(RULES, choice)}


def test_without_a_choice_the_rules_are_as_they_are() -> None:
    assert chosen(RULES, {}) == RULES


def test_the_values_of_the_chart_are_the_defaults() -> None:
    values = yaml.safe_load(VALUES.read_text(encoding="utf-8"))["metrics"]["prometheusRule"]["rules"]

    assert read_choice(RULES, json.dumps(values)) == RULES


def test_a_rule_is_switched_off_or_gets_a_time_a_severity_and_thresholds() -> None:
    rules = by_name(
        CeleryDeadLetters={"enabled": False},
        CeleryHighQueueDepth={"messages": 5e3, "for": "1h30m", "severity": "critical"},
        CelerySlowTasks={"severity": "page"},
    )

    assert "CeleryDeadLetters" not in rules
    changed = rules["CeleryHighQueueDepth"]
    assert (changed.hold_seconds, changed.severity) == (5400, AlertSeverity.CRITICAL)
    assert changed.filled("> @messages@") == "> 5000"
    assert rules["CelerySlowTasks"].severity is AlertSeverity.WARNING


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({}, {}),
        ({"CeleryHighQueueDepth": {"enabled": True, "messages": 1000, "severity": "page"}}, {}),
        ({"CeleryDeadLetters": {"enabled": False, "for": "9m"}}, {"CeleryDeadLetters": {"enabled": False}}),
        (
            {"CelerySlowTasks": {"seconds": 9e2, "for": "1h30m", "severity": "critical"}},
            {"CelerySlowTasks": {"for": "1h30m", "severity": "critical", "seconds": 900}},
        ),
    ],
    ids=["nothing", "the defaults", "switched off", "everything"],
)
def test_the_changes_of_chosen_rules_are_what_differs(choice: dict[str, Any], found: dict[str, Any]) -> None:
    rules = chosen(RULES, choice)

    assert changes(RULES, rules) == found
    assert read_choice(RULES, json.dumps(found)) == rules


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "not a JSON object of rules"),
        ('{"CeleryDeadLetters": 1}', "not a JSON object of rules"),
        ("{", "not a JSON object of rules"),
        ('{"CeleryDown": {}}', "CeleryDown: there is no such rule; write one of CeleryAgentAbsent"),
        ('{"CelerySlowTasks": {"limit": 1}}', "limit: the rule has no such value; write one of enabled, for"),
        ('{"CelerySlowTasks": {"seconds": "many"}}', "'many' is not a whole number"),
        ('{"CelerySlowTasks": {"seconds": 0.5}}', "0.5 is not a whole number"),
        ('{"CelerySlowTasks": {"seconds": -5}}', "-5 is not a whole number from 0"),
        ('{"CelerySlowTasks": {"seconds": 1e999}}', "inf is not a whole number"),
        ('{"CelerySlowTasks": {"seconds": NaN}}', "nan is not a whole number"),
        ('{"CelerySlowTasks": {"seconds": 1%s}}' % ("0" * 400), "000 is not a whole number"),
        ('{"CelerySlowTasks": {"seconds": 1%s}}' % ("0" * 5000), "not a JSON object of rules"),
        ("[" * 100_000, "not a JSON object of rules"),
        ('{"CelerySlowTasks": {"severity": []}}', "[] is not a text; write critical or warning"),
        ('{"CelerySlowTasks": {"enabled": "false"}}', "'false' is not true or false"),
        ('{"CelerySlowTasks": {"for": "%sm"}}' % ("9" * 400), "is not a time; write 90s, 5m or 1h"),
        ('{"CelerySlowTasks": {"for": "soon"}}', "'soon' is not a time; write 90s, 5m or 1h"),
    ],
)
def test_a_wrong_choice_is_refused_with_what_to_write(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        read_choice(RULES, text)
