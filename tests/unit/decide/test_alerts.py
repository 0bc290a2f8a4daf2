"""The operator's own alerts: pending, firing, resolved, each change with one Event."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from celery_health.alerts import RULES
from celery_health.broker import QueueReading
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.deaths import FleetDeaths, TaskDeaths, WorkerDeaths
from celery_operator.api.alert_rules import AlertRules
from celery_operator.api.status import Alert, CeleryDeploymentStatus
from celery_operator.decide import Decision, decide
from celery_operator.decide.alerts import MOST_ALERTS
from celery_operator.decide.series import SERIES
from tests.unit.decide.build import NOT_READ, REFUSED, broker, scaled, snapshot, spec
from tests.unit.decide.pods import NOT_REACHED, NOW, broken_pod, pod, silent_pod

Step = tuple[int, dict[str, Any]]
"""When, in seconds, and what is different from a healthy application then."""

LONG: dict[str, Any] = {"broker": broker(celery=4321)}
DOWN: dict[str, Any] = {"pods": (broken_pod("ImagePullBackOff"),)}
SILENT: dict[str, Any] = {"pods": (silent_pod("shop-default-a"), silent_pod("shop-default-b"))}
AWAY: dict[str, Any] = {
    "broker": REFUSED,
    "pods": (pod("a", WorkerReason.CONNECTING, sidecar_broker=NOT_REACHED),),
}
_HOG = TaskDeaths("1", "shop.hog", 3, 0.0, 1.0, "signal SIGSEGV", returns=False)
POISON: dict[str, Any] = {"deaths": FleetDeaths((WorkerDeaths("a", (_HOG,), children_lost=3, tasks_lost=3),))}
RUNBOOK = "docs/runbooks/queues/CeleryHighQueueDepth.md"


def course(*steps: Step, rules: AlertRules = AlertRules()) -> list[Decision]:  # noqa: B008
    """Decisions at these times, each with the status of the one before."""
    decisions: list[Decision] = []
    previous = CeleryDeploymentStatus(observed_generation=3)
    for seconds, changes in steps:
        seen = snapshot(**{"previous": previous, **changes})
        decisions.append(decide(replace(seen, now=NOW + timedelta(seconds=seconds)), rules))
        previous = decisions[-1].status
    return decisions


def alerts(decision: Decision, name: str) -> list[Alert]:
    return [one for one in decision.status.alerts if one.name == name]


def posted(decisions: list[Decision], name: str) -> list[tuple[str, str]]:
    notes = [note for decision in decisions for note in decision.alert_events if note.reason == name]
    assert all(note.identity for note in notes)
    return [(note.type, note.message) for note in notes]


def test_an_alert_is_pending_then_fires_then_is_resolved_with_two_events() -> None:
    decisions = course((0, {}), (10, LONG), (600, LONG), (611, LONG), (900, LONG), (1331, {}), (1340, {}))

    states = [[one.state for one in alerts(each, "CeleryHighQueueDepth")] for each in decisions]
    assert states == [[], ["Pending"], ["Pending"], ["Firing"], ["Firing"], [], []]
    (fires,) = alerts(decisions[4], "CeleryHighQueueDepth")
    assert (fires.queue, fires.severity, fires.runbook) == ("celery", "warning", RUNBOOK)
    assert fires.since == "2026-01-02T03:14:16Z"
    sentence = "4321 messages are ready in queue celery of market/shop. The limit is 1000."
    assert posted(decisions, "CeleryHighQueueDepth") == [
        ("Warning", f"{sentence} Runbook: {RUNBOOK}"),
        ("Normal", f"Resolved after 12 min. The alert was: {sentence}"),
    ]


def test_an_alert_that_passes_while_it_is_pending_has_no_event() -> None:
    decisions = course((0, LONG), (300, {}), (600, LONG), (1199, LONG))

    assert posted(decisions, "CeleryHighQueueDepth") == []
    assert [one.state for one in alerts(decisions[-1], "CeleryHighQueueDepth")] == ["Pending"]


def test_an_alert_without_a_time_fires_at_the_second_reconcile_so_that_its_event_has_a_name() -> None:
    first, second = course((0, POISON), (4, POISON))

    assert [one.state for one in alerts(first, "CeleryPoisonTask")] == ["Pending"]
    assert [one.state for one in alerts(second, "CeleryPoisonTask")] == ["Firing"]


def test_a_reconcile_that_is_repeated_after_a_crash_names_its_events_alike() -> None:
    """The crash came after the Event was posted and before the status was written."""
    pending = course((0, LONG))[0].status
    first = decide(replace(snapshot(previous=pending, **LONG), now=NOW + timedelta(seconds=601)))
    again = decide(replace(snapshot(previous=pending, **LONG), now=NOW + timedelta(seconds=640)))

    ((once,), (twice,)) = first.alert_events, again.alert_events
    assert once.identity == twice.identity
    firing = first.status
    ended = decide(replace(snapshot(previous=firing), now=NOW + timedelta(seconds=700)))
    assert [note.type for note in ended.alert_events] == ["Normal"]
    assert ended.alert_events[0].identity != once.identity


def test_each_queue_and_each_time_has_an_event_of_its_own() -> None:
    two = {
        "broker": broker(celery=4321, mail=2000),
        "spec": spec(workers=[{"name": "default", "queues": ["celery", "mail"]}]),
    }
    decisions = course((0, two), (601, two), (700, {}), (800, LONG), (1500, LONG))

    identities = [note.identity for each in decisions for note in each.alert_events]
    assert len(identities) == len(set(identities)) == 5


UNKNOWN: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("a queue whose length is unknown", LONG, "CeleryHighQueueDepth", {"broker": NOT_READ}),
    ("a broker that was not read yet", AWAY, "CeleryBrokerUnreachable", {"broker": NOT_READ, **SILENT}),
    ("workers whose sidecars were not read yet", DOWN, "CeleryWorkersDown", SILENT),
    ("deaths while the sidecars are silent", POISON, "CeleryPoisonTask", SILENT),
]


@pytest.mark.parametrize(("bad", "name", "unknown"), [pytest.param(*row[1:], id=row[0]) for row in UNKNOWN])
def test_missing_evidence_ends_no_alert(bad: dict[str, Any], name: str, unknown: dict[str, Any]) -> None:
    """So an operator that has just started does not end what fires."""
    decisions = course((0, bad), (3600, bad), (3604, unknown), (3608, bad))

    assert [[one.state for one in alerts(each, name)] for each in decisions[1:]] == [["Firing"]] * 3
    assert len({one.since for each in decisions[1:] for one in alerts(each, name)}) == 1


def test_sidecars_that_do_not_answer_are_no_workers_that_are_down() -> None:
    decisions = course((0, SILENT), (601, SILENT))

    assert alerts(decisions[1], "CeleryWorkersDown") == []
    (fires,) = alerts(decisions[1], "CelerySidecarUnreachable")
    assert fires.message.startswith("The sidecars of 2 pods in group default of market/shop do not answer")


def test_an_answer_of_the_sidecars_ends_their_alert_also_if_another_worker_is_unknown() -> None:
    absent = {"pods": (pod("shop-default-a", WorkerReason.AGENT_ABSENT), pod("shop-default-b"))}
    decisions = course((0, SILENT), (601, SILENT), (610, absent))

    assert alerts(decisions[2], "CelerySidecarUnreachable") == []
    assert [kind for kind, _ in posted(decisions, "CelerySidecarUnreachable")] == ["Warning", "Normal"]


FOLDED = [
    ("CeleryBrokerUnreachable", AWAY, "BrokerReachable", "BrokerConnectionRefused"),
    ("CeleryPoisonTask", POISON, "WorkersHealthy", "PoisonTask"),
]


@pytest.mark.parametrize(("name", "bad", "condition", "reason"), FOLDED)
def test_what_a_condition_has_reported_in_an_event_is_not_reported_again(
    name: str, bad: dict[str, Any], condition: str, reason: str
) -> None:
    decisions = course((0, {}), (1, bad), (3600, bad), (3610, {}))

    assert [one.condition for one in alerts(decisions[2], name)] == [condition]
    assert posted(decisions, name) == []
    assert [note.reason for each in decisions for note in each.events].count(reason) == 1


def test_a_condition_reports_the_end_of_an_alert_also_if_a_new_operator_sees_it() -> None:
    decisions = course(
        (0, AWAY), (3600, AWAY), (3604, {"broker": NOT_READ, **SILENT}), (3608, {}), (3612, {})
    )

    ends = [[note.reason for note in each.events if note.type == "Normal"] for each in decisions[2:]]
    assert ends == [[], ["Ready", "BrokerReachable"], []]


def test_a_condition_that_is_true_reports_nothing_so_the_alert_does() -> None:
    full = scaled(6, 6000)
    history = full.pop("previous")
    seen = decide(snapshot(**full, previous=history))
    later = [
        decide(replace(snapshot(**full, previous=seen.status), now=NOW + timedelta(seconds=seconds)))
        for seconds in (1801, 1801)
    ]

    assert [note.reason for note in later[0].alert_events if note.reason == "CeleryGroupAtMaximum"]


def test_the_user_changes_rules_and_the_address_of_the_runbooks() -> None:
    by_name = {rule.name: rule for rule in RULES}
    rule = by_name["CeleryHighQueueDepth"]
    own = replace(rule, hold_seconds=5, thresholds=(replace(rule.thresholds[0], default=5000),))

    decisions = course((0, LONG), (900, LONG), rules=AlertRules((own,), "https://docs.example/runbooks/"))
    assert decisions[1].status.alerts == ()

    longer = {"broker": broker(celery=5001)}
    decisions = course((0, longer), (5, longer), rules=AlertRules((own,), "https://docs.example/runbooks/"))
    (fires,) = decisions[1].status.alerts
    assert fires.message.endswith("The limit is 5000.")
    assert fires.runbook == "https://docs.example/runbooks/queues/CeleryHighQueueDepth.md"


def many_queues(number: int, first: str, **changes: Any) -> dict[str, Any]:
    """Long queues: this number of them, and one of the name ``first``."""
    names = [first, *(f"q{one}" for one in range(number))]
    return {
        "broker": replace(broker(), queues=tuple(QueueReading(one, 4321) for one in names)),
        "spec": spec(
            workers=[
                {"name": "default", "queues": ["celery", *names[:40]]},
                {"name": "more", "queues": ["celery", *names[40:]]},
            ]
        ),
        **changes,
    }


def test_the_status_keeps_a_limited_number_of_alerts_and_those_it_has() -> None:
    decisions = course((0, many_queues(0, "zz")), (601, many_queues(80, "zz")))

    kept = alerts(decisions[1], "CeleryHighQueueDepth")
    assert len(decisions[1].status.alerts) == MOST_ALERTS
    assert ("zz", "Firing") in [(one.queue, one.state) for one in kept]


def test_a_critical_alert_has_room_behind_many_others_and_ends_none_of_them() -> None:
    queues = many_queues(80, "zz")
    decisions = course((0, queues), (601, queues), (602, {**queues, **AWAY}))

    assert [len(one.status.alerts) for one in decisions] == [MOST_ALERTS] * 3
    assert [len(alerts(one, "CeleryBrokerUnreachable")) for one in decisions] == [0, 0, 1]
    assert {kind for kind, _ in posted(decisions, "CeleryHighQueueDepth")} == {"Warning"}


def test_every_series_of_a_rule_is_one_of_the_operator() -> None:
    known = {one.name: set(one.labels) for one in SERIES}
    for rule in RULES:
        for evidence in rule.operator:
            for one in evidence.comparisons:
                assert {*one.by, *(matcher.label for matcher in one.matchers)} <= known[one.metric]
