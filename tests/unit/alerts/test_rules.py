"""The table of alert rules: its queries name real series, and everything generated from it is current."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tools.alert_rules import NEVER_SILENCED, RULES_FILE, files

from celery_health.alerts import GROUPS, RULES
from celery_health.alerts.rule import AlertSeverity, Program, Rule, Subject, Threshold
from celery_health.wire.names import DEAD_LETTER_SUFFIX
from tests.support.alert_cases import CASES
from tests.unit.alerts.documented_metrics import ROOT, documented, matching, named
from tests.unit.alerts.queries import labels_in, patterns_in, series_in

FILES = files(ROOT)


def name_of(rule: Rule) -> str:
    return rule.name


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_asks_only_for_series_and_labels_that_there_are(rule: Rule) -> None:
    asked = series_in(rule.filled(rule.expression))

    assert asked
    assert asked <= documented().keys(), asked - documented().keys()
    for pattern in patterns_in(rule.expression):
        assert matching(pattern), pattern
        asked |= matching(pattern)
    known = set[str]().union(*(documented()[name] for name in asked), {"queue"})
    assert labels_in(rule.filled(rule.expression)) <= known


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_has_a_case_in_which_it_fires_and_one_in_which_it_stays_silent(rule: Rule) -> None:
    cases = [case for case in CASES if case.rule == rule.name]

    assert {bool(case.alerts) for case in cases} == {True, False}


def test_the_cases_use_only_series_and_labels_that_there_are() -> None:
    for case in CASES:
        for series in case.series:
            name, _, pairs = series.partition("{")
            assert set(re.findall(r"(\w+)=", pairs)) <= documented()[named(name)], series


@pytest.mark.parametrize("path", FILES, ids=str)
def test_what_is_generated_is_current(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == FILES[path], "run `make docs`"


def test_a_name_belongs_to_one_rule_or_group() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert len({group.name for group in GROUPS}) == len(GROUPS)


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_runbook_answers_the_four_questions_of_the_night(rule: Rule) -> None:
    page = (ROOT / "docs" / rule.runbook).read_text(encoding="utf-8")

    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert page.startswith(f"# {rule.name}\n")
    assert headings == ["What it means", "What to check first", "What to do", "How to silence it"]


def test_the_runbook_of_an_alert_that_must_not_be_silenced_has_no_command_for_it() -> None:
    assert {rule.name for rule in RULES} > NEVER_SILENCED
    for rule in RULES:
        page = (ROOT / "docs" / rule.runbook).read_text(encoding="utf-8")
        assert ("amtool silence" in page) == (rule.name not in NEVER_SILENCED), rule.name


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_runbook_says_how_to_silence_the_alert_outside_kubernetes_and_in_the_monitor(rule: Rule) -> None:
    page = (ROOT / "docs" / rule.runbook).read_text(encoding="utf-8")
    by_namespace = rule.outside_kubernetes and "namespace=NAMESPACE" in page
    silenced = rule.name not in NEVER_SILENCED
    assert ("leave that matcher out" in page) == by_namespace
    assert ("[change its own rules](../../howto/alerts.md" in page) == (silenced and bool(rule.monitor))


def test_every_runbook_is_that_of_a_rule() -> None:
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs/runbooks").rglob("*.md")}
    assert pages == {rule.runbook for rule in RULES}


def test_the_runbooks_of_a_group_are_in_one_folder() -> None:
    assert all(rule.subject is group.subject for group in GROUPS for rule in group.rules)


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_prometheus_and_the_operator_compare_the_same(rule: Rule) -> None:
    assert all(str(evidence) in rule.expression for evidence in rule.operator)
    assert not rule.operator or Program.OPERATOR in rule.programs


def test_outside_kubernetes_no_rule_waits_for_the_operator() -> None:
    groups = yaml.safe_load(FILES[RULES_FILE])["groups"]
    names = {rule["alert"] for group in groups for rule in group["rules"]}

    assert "CeleryOperatorAbsent" not in names
    assert names == {rule.name for rule in RULES if Program.MONITOR in rule.programs}


def test_thresholds_replace_their_placeholders_and_may_be_changed() -> None:
    rule = Rule(
        name="CeleryTest",
        subject=Subject.QUEUES,
        severity=AlertSeverity.WARNING,
        hold_seconds=90,
        programs=frozenset({Program.MONITOR}),
        expression="celery_queue_length > @messages@",
        summary="@where@",
        description="The limit is @messages@.",
        thresholds=(Threshold("messages", 1000, "messages"),),
    )

    assert rule.filled(rule.expression) == "celery_queue_length > 1000"
    assert rule.filled(rule.description, {"messages": 5}) == "The limit is 5."
    assert (rule.hold, replace(rule, hold_seconds=120).hold) == ("90s", "2m")
    assert "resource" in rule.filled(rule.summary)


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_every_threshold_is_used_and_no_other_is_asked_for(rule: Rule) -> None:
    texts = rule.expression + rule.summary + rule.description

    assert set(re.findall(r"@(\w+)@", texts)) - {"where"} == {one.name for one in rule.thresholds}


def test_the_queues_that_the_expressions_leave_out_are_the_dead_letter_queues() -> None:
    expressions = " ".join(rule.expression for rule in RULES)
    patterns = set(re.findall(r'queue_name!~"([^"]+)"', expressions))
    assert patterns
    for pattern in patterns:
        assert re.fullmatch(pattern, f"shop{DEAD_LETTER_SUFFIX}")
        assert not re.fullmatch(pattern, "shop")
