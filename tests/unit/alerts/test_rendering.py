"""The sentences of the rules without Prometheus."""

import re

import pytest

from celery_health.alerts import RULES
from celery_health.alerts.rendering import humanized, rendered
from celery_health.alerts.rule import Rule
from tests.support.alert_cases import CASES
from tests.support.alert_cases.case import Case

BY_NAME = {rule.name: rule for rule in RULES}
FIRING = [case for case in CASES if case.alerts]


@pytest.mark.parametrize("case", FIRING, ids=lambda case: f"{case.rule}: {case.about}")
def test_a_summary_reads_as_prometheus_writes_it(case: Case) -> None:
    """promtool compares the same expected sentences in tests/integration/alerts."""
    rule = BY_NAME[case.rule]
    for alert in case.alerts:
        assert rendered(rule.filled(rule.summary), alert.labels, 1.0) == alert.summary


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_sentence_can_be_rendered_and_agrees_in_number(rule: Rule) -> None:
    labels = {"namespace": "market", "resource": "shop", "group": "mail", "queue": "mail", "name": "send"}
    for value in (1.0, 1234567.0):
        text = rendered(rule.filled(rule.description), labels, value)
        assert not re.search(r"{{|@|\b1 messages|\b1 pods|e\+06", text), text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("queue {{ $labels.queue }} of {{ $labels.none }}.", "queue mail of ."),
        ("{{ with $labels.queue }}in {{ . }}{{ else }}nowhere{{ end }}", "in mail"),
        ("{{ with $labels.none }}in {{ . }}{{ else }}nowhere{{ end }}", "nowhere"),
        ("{{ if eq $value 1.0 }}one{{ else }}{{ $value | printf `%.1f` }}{{ end }} left", "2.5 left"),
        ("{{ if eq $value 2.5 }}{{ with $labels.queue }}{{ . }}{{ end }}{{ end }}!", "mail!"),
        ('{{ or $labels.none "the application" }}', "the application"),
        ("{{ $value | humanize }} %", "2.5 %"),
    ],
)
def test_the_templates_of_prometheus(template: str, text: str) -> None:
    assert rendered(template, {"queue": "mail"}, 2.5) == text


@pytest.mark.parametrize(
    "template", ["{{ $value }}", "{{ end }}", "{{ if $value }}", "{{ $value | humanizeDuration }}"]
)
def test_what_cannot_be_rendered_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"needs|has no|is not known"):
        rendered(template, {}, 1.0)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.0, "0"), (12.34567, "12.35"), (1234.0, "1.234k"), (2_500_000.0, "2.5M"), (0.05, "50m")],
)
def test_numbers_for_people(number: float, text: str) -> None:
    assert humanized(number) == text
