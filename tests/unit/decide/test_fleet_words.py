"""In what words the verdicts on the fleet are reported: messages, recommendations and Events."""

from typing import Any

import pytest

from celery_health.catalogue.workers import WorkerReason
from celery_operator.api.names import ANNOTATION_PAUSE_HEALING
from celery_operator.api.status import ConditionType
from celery_operator.decide.events import announce
from tests.unit.decide.build import ORPHANS, UNREAD, WAITING, condition_of, spec, status_of
from tests.unit.decide.pods import hoarding_pod, hung_pod, pod, stalled_pod

A = pod("shop-default-a")
STALLED_B = stalled_pod("shop-default-b")


def test_messages_name_the_worker_and_what_was_seen() -> None:
    pods = (pod("a"), stalled_pod("b"), stalled_pod("c"))
    message = condition_of(ConditionType.WORKERS_HEALTHY, **WAITING, pods=pods).message
    for fact in ("1 of 2 workers", "b has 4 free slots", "5 min", "celery", "(also c)"):
        assert fact in message


ADVICE: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "a worker is stalled",
        {**WAITING, "pods": (A, STALLED_B)},
        "The operator replaces",
        "kubectl -n market delete pod shop-default-b",
    ),
    (
        "a pool is dead",
        {"pods": (A, pod("b", WorkerReason.POOL_DEAD))},
        "The kubelet restarts",
        "kubectl -n market logs b -c worker --previous",
    ),
    (
        "a task hangs",
        {"pods": (A, hung_pod("b"))},
        "task waits for",
        "kubectl -n market exec b -c probe -- celery-probe report",
    ),
    (
        "a worker hoards",
        {"pods": (A, hoarding_pod("b"))},
        "worker_eta_task_limit",
        "kubectl -n market exec b -c probe -- celery-probe report",
    ),
    (
        "no group reads a queue",
        UNREAD,
        "forgotten",
        "kubectl -n market edit celerydeployments shop",
    ),
    (
        "messages have lost their worker",
        ORPHANS,
        "visibility timeout of 60 min",
        "kubectl -n market get pods -l app.kubernetes.io/instance=shop",
    ),
]


@pytest.mark.parametrize(
    ("changes", "facts", "command"), [pytest.param(*row[1:], id=f"when {row[0]}") for row in ADVICE]
)
def test_a_finding_comes_with_advice(changes: dict[str, Any], facts: str, command: str) -> None:
    found = [(one.message, one.command) for one in status_of(**changes).recommendations]
    assert any(facts in said and does == command for said, does in found), found


TURNS: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("a worker stalls", {**WAITING, "pods": (A, STALLED_B)}, [("Warning", "WorkerStalled")]),
    ("a task hangs", {"pods": (A, hung_pod("b"))}, [("Warning", "HungTask")]),
    ("a queue has no reader", UNREAD, [("Warning", "BacklogQueueNotConsumed")]),
    ("messages lose their worker", ORPHANS, [("Warning", "BacklogOrphanedMessages")]),
]


@pytest.mark.parametrize(("after", "events"), [pytest.param(*row[1:], id=f"when {row[0]}") for row in TURNS])
def test_a_verdict_is_reported_once_and_its_end_as_well(
    after: dict[str, Any], events: list[tuple[str, str]]
) -> None:
    well, unhealthy = status_of(), status_of(**after)
    begun = announce(well, unhealthy, frozenset())
    assert [(event.type, event.reason) for event in begun.notes] == events
    assert announce(unhealthy, status_of(**after, previous=unhealthy), begun.open_faults).notes == ()
    ended = announce(unhealthy, well, begun.open_faults)
    assert not ended.open_faults
    back = {event.reason for event in ended.notes} - {"Ready"}
    assert back in ({"WorkersHealthy"}, {"BacklogWithinLimits"})


@pytest.mark.parametrize("reason", [WorkerReason.DEAF, WorkerReason.WEDGED, WorkerReason.POOL_DEAD, None])
def test_where_restarts_are_forbidden_a_person_is_asked_for_them(reason: WorkerReason | None) -> None:
    unhealthy = stalled_pod("b") if reason is None else pod("b", reason)
    never = spec(health={"restart": {"policy": "Never"}})
    (advice,) = status_of(**WAITING, pods=(A, unhealthy), spec=never).recommendations
    assert advice.message.startswith("Delete the pod: spec.health.restart.policy is Never")
    assert advice.command == "kubectl -n market delete pod b"


def test_during_a_pause_a_recommendation_says_how_to_end_it() -> None:
    pause = {ANNOTATION_PAUSE_HEALING: "true"}
    (advice,) = status_of(**WAITING, pods=(A, stalled_pod("b")), annotations=pause).recommendations
    assert advice.message.startswith("Resume healing, or delete the pod: healing is paused")
    command = "annotate celerydeployments shop celery-operator.dev/pause-healing-"
    assert advice.command == f"kubectl -n market {command}"


@pytest.mark.parametrize("changes", [row[1] for row in ADVICE], ids=[f"when {row[0]}" for row in ADVICE])
def test_a_recommendation_is_short_enough_to_be_shown_whole(changes: dict[str, Any]) -> None:
    status = status_of(**changes)
    said = [*(one.message for one in status.recommendations), *(one.message for one in status.conditions)]
    assert not [message for message in said if message.endswith("...")]
