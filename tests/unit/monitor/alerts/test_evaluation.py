"""Each rule of the table on the monitor's own data."""

from typing import Any

import pytest

from celery_health.alerts import RULES
from celery_health.alerts.choice import chosen
from celery_health.alerts.measure import Measure
from celery_health.alerts.rule import Rule
from celery_health.wire.resource_push import PushedAlert, PushedCondition
from celery_monitor.alerts.evaluation import evaluate
from celery_monitor.alerts.found import Found
from celery_monitor.alerts.measures import MEASURES
from celery_monitor.alerts.snapshot import AlertSnapshot
from celery_monitor.live.views import QueueView
from celery_monitor.metrics.task_windows import TaskWindows
from tests.unit.monitor.alerts.worlds import LONG_AGO, NOW, push, snapshot


def found(rule: str, seen: AlertSnapshot, rules: tuple[Rule, ...] = RULES) -> Found:
    return next(one.found for one in evaluate(seen, rules) if one.rule == rule)


def queue(name: str = "mail", **known: Any) -> QueueView:
    return QueueView(**{"name": name, "at": NOW, "ready": 0, "workers": ("w1",), **known})


def tasks(started: int, failed: int = 0, slow: int = 0, *, since: float = LONG_AGO) -> TaskWindows:
    windows = TaskWindows(since)
    for _ in range(started):
        windows.started("shop.pay")
    for number in range(started - failed):
        windows.ran("shop.pay", 400.0 if number < slow else 1.0)
    for _ in range(failed):
        windows.failed("shop.pay")
    return windows


PAY, MAIL = (("name", "shop.pay"),), (("queue", "mail"),)
UNREACHABLE = PushedCondition(
    type="BrokerReachable", status="False", reason="BrokerUnreachable", message="", since_at=NOW
)

FIRES: list[tuple[str, dict[str, Any], dict[Any, float]]] = [
    ("CeleryWorkersDown", {"workers_online": 0}, {(): 1}),
    ("CeleryHighFailureRate", {"tasks": tasks(100, failed=11)}, {PAY: 11}),
    ("CelerySlowTasks", {"tasks": tasks(100, slow=6)}, {PAY: 400}),
    ("CeleryTasksStuck", {"stuck": {"shop.pay": 2}}, {PAY: 2}),
    ("CeleryHighQueueDepth", {"queues": [queue(ready=1001)]}, {MAIL: 1001}),
    ("CeleryQueueNotConsumed", {"queues": [queue(ready=1, workers=())]}, {MAIL: 1}),
    ("CeleryOldestWaitAboveTarget", {"queues": [queue(ready=1, oldest_wait=301.0)]}, {MAIL: 301}),
    ("CeleryBrokerUnreachable", {"connected": False}, {(): 1}),
    ("CeleryOperatorAbsent", {"in_cluster": True, "push_age": 61.0}, {(): 1}),
    ("CeleryMonitorNotReady", {"history_available": False}, {(): 1}),
    ("CeleryMonitorBlind", {"blind": True}, {(): 1}),
    ("CeleryMonitorLosesEvents", {"dropped": 1}, {(): 1}),
    ("CeleryMonitorLosesEvents", {"missed": 11}, {(): 11}),
]
SILENT: list[tuple[str, dict[str, Any]]] = [
    ("CeleryWorkersDown", {"workers_online": 0, "in_cluster": True, "push": push()}),
    ("CeleryHighFailureRate", {"tasks": tasks(100, failed=10)}),
    ("CelerySlowTasks", {"tasks": tasks(100, slow=5)}),
    ("CeleryHighQueueDepth", {"queues": [queue(ready=1000), queue("print", ready=None)]}),
    ("CeleryQueueNotConsumed", {"queues": [queue(ready=5), queue("print", workers=())]}),
    ("CeleryOldestWaitAboveTarget", {"queues": [queue(ready=1, oldest_wait=300.0), queue("print", ready=9)]}),
    (
        "CeleryBrokerUnreachable",
        {"connected": False, "in_cluster": True, "push": push(conditions=(UNREACHABLE,))},
    ),
    ("CeleryOperatorAbsent", {"push_age": 61.0}),
    ("CeleryMonitorLosesEvents", {"missed": 10}),
]
UNKNOWN: list[tuple[str, dict[str, Any]]] = [
    ("CeleryWorkersDown", {"workers_online": 0, "connected": False}),
    ("CeleryHighFailureRate", {"tasks": TaskWindows(NOW - 299)}),
    ("CelerySlowTasks", {"tasks": TaskWindows(NOW - 899)}),
    ("CeleryTasksStuck", {"stuck": None}),
    ("CeleryHighQueueDepth", {"queues_read": False}),
    ("CeleryQueueNotConsumed", {"consumers_known": False, "queues": [queue(ready=5, workers=())]}),
    ("CeleryQueueNotConsumed", {"connected": False, "queues": [queue(ready=5, workers=())]}),
    ("CeleryBeatLate", {"in_cluster": True, "push": None}),
]


@pytest.mark.parametrize(("rule", "seen", "values"), FIRES)
def test_the_condition_holds(rule: str, seen: dict[str, Any], values: dict[Any, float]) -> None:
    assert found(rule, snapshot(**seen)).values == values


@pytest.mark.parametrize(("rule", "seen"), SILENT)
def test_the_condition_does_not_hold(rule: str, seen: dict[str, Any]) -> None:
    assert found(rule, snapshot(**seen)) == Found()


@pytest.mark.parametrize(("rule", "seen"), UNKNOWN)
def test_nothing_is_known_of_the_condition(rule: str, seen: dict[str, Any]) -> None:
    assert found(rule, snapshot(**seen)) == Found(complete=False)


def test_a_monitor_that_sees_nothing_wrong_finds_nothing() -> None:
    assert {one.rule: one.found for one in evaluate(snapshot(), RULES) if one.found != Found()} == {}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_table_says_how_each_rule_is_evaluated_or_why_not(rule: Rule) -> None:
    evaluated = bool(rule.monitor or rule.operator)
    assert evaluated is not bool(rule.only_prometheus)
    assert {above.threshold for above in rule.monitor} <= {"", *(one.name for one in rule.thresholds)}
    if rule.monitor and rule.thresholds:
        assert {above.threshold for above in rule.monitor} >= {one.name for one in rule.thresholds}


def test_every_measure_is_measured_and_fires_in_a_case_of_this_page() -> None:
    assert set(MEASURES) == set(Measure)
    rules = {rule for rule, _, _ in FIRES}
    assert rules == {rule.name for rule in RULES if rule.monitor}


def test_what_the_operator_judges_is_taken_over_with_its_labels() -> None:
    late = PushedAlert(
        name="CeleryDrainOverdue",
        state="Firing",
        since_at=NOW - 9,
        summary="A worker does not finish its drain.",
        message="A pod is still draining.",
        group="mail",
    )
    judged = found("CeleryDrainOverdue", snapshot(in_cluster=True, push=push(late))).judged
    assert list(judged) == [(("group", "mail"),)]
    one = judged[("group", "mail"),]
    assert (one.fires, one.since, one.description) == (True, NOW - 9, "A pod is still draining.")
    assert one.summary == "A worker does not finish its drain"


def test_a_summary_of_the_operator_that_is_cut_stays_as_it_is() -> None:
    cut = PushedAlert(
        name="CeleryDrainOverdue", state="Firing", since_at=NOW, summary="A worker ...", message="It drains."
    )
    judged = found("CeleryDrainOverdue", snapshot(in_cluster=True, push=push(cut))).judged
    assert [one.summary for one in judged.values()] == ["A worker ..."]


def test_thresholds_and_rules_are_those_of_the_settings() -> None:
    rules = chosen(RULES, {"CeleryHighQueueDepth": {"messages": 5}, "CeleryMonitorBlind": {"enabled": False}})
    seen = snapshot(queues=[queue(ready=6)], blind=True)
    assert found("CeleryHighQueueDepth", seen, rules).values == {MAIL: 6}
    assert "CeleryMonitorBlind" not in {one.rule for one in evaluate(seen, rules)}
