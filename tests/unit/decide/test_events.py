"""Events report each change once."""

from dataclasses import replace
from typing import Any

import pytest

from celery_health.catalogue.workers import WorkerReason
from celery_operator.api.status import CeleryDeploymentStatus, ConditionType
from celery_operator.decide import Decision, decide
from celery_operator.snapshot import Snapshot
from tests.unit.decide.build import NOT_READ, REFUSED, broker, fault, snapshot, status_of
from tests.unit.decide.pods import NOT_REACHED, broken_pod, pending_pod, pod, silent_pod

A = pod("shop-default-a")
OUTAGE: dict[str, Any] = {
    "broker": REFUSED,
    "pods": (pod("a", WorkerReason.CONNECTING, sidecar_broker=NOT_REACHED),),
}

TURNS: list[tuple[str, dict[str, Any], dict[str, Any], list[tuple[str, str]]]] = [
    ("nothing has changed", {}, {}, []),
    ("only a number has changed", {}, {"broker": broker(celery=7)}, []),
    ("the broker goes away", {}, OUTAGE, [("Warning", "BrokerConnectionRefused")]),
    ("the broker comes back", OUTAGE, {}, [("Normal", "Ready"), ("Normal", "BrokerReachable")]),
    (
        "the broker comes back and the workers follow",
        OUTAGE,
        {"pods": (pending_pod(),)},
        [("Normal", "BrokerReachable")],
    ),
    ("workers are starting", {}, {"pods": (pending_pod(),)}, []),
    ("starting workers are up", {"pods": (pending_pod(),)}, {}, [("Normal", "Ready")]),
    ("a worker goes deaf", {}, {"pods": (A, pod("b", WorkerReason.DEAF))}, [("Warning", "Deaf")]),
    (
        "a deaf worker recovers",
        {"pods": (A, pod("b", WorkerReason.DEAF))},
        {},
        [("Normal", "Ready"), ("Normal", "WorkersHealthy")],
    ),
    (
        "a starting worker turns out to have no image",
        {"pods": (pending_pod(),)},
        {"pods": (broken_pod("ImagePullBackOff"),)},
        [("Warning", "ImageUnavailable")],
    ),
    ("a queue grows long", {}, {"broker": broker(celery=9999)}, [("Warning", "BacklogAboveThreshold")]),
    ("a queue is short again", {"broker": broker(celery=9999)}, {}, [("Normal", "BacklogWithinLimits")]),
    ("the spec cannot be carried out", {}, {"faults": (fault(),)}, [("Warning", "BrokerUrlInvalid")]),
    (
        "the spec can be carried out again",
        {"faults": (fault(),)},
        {},
        [("Normal", "Ready"), ("Normal", "NotStalled")],
    ),
    ("the evidence is lost for a moment", {}, {"broker": NOT_READ, "pods": (silent_pod(),)}, []),
]


@pytest.mark.parametrize(
    ("before", "after", "events"), [pytest.param(*row[1:], id=f"when {row[0]}") for row in TURNS]
)
def test_a_change_is_reported_once(
    before: dict[str, Any], after: dict[str, Any], events: list[tuple[str, str]]
) -> None:
    turned = decide(snapshot(**after, previous=status_of(**before)))
    assert [(event.type, event.reason) for event in turned.events] == events
    assert decide(snapshot(**after, previous=turned.status)).events == ()


BETWEEN: list[tuple[str, dict[str, Any]]] = [
    ("its pod starts again", {"pods": (A, pending_pod("shop-default-b"))}),
    ("its report is lost", {"pods": (A, silent_pod("shop-default-b"))}),
    ("all pods drain", {"pods": (pod("a", WorkerReason.DRAINING), pod("b", WorkerReason.DRAINING))}),
]


@pytest.mark.parametrize("between", [pytest.param(row[1], id=f"when {row[0]}") for row in BETWEEN])
def test_the_end_of_a_fault_is_reported_whatever_lies_between(between: dict[str, Any]) -> None:
    bad: dict[str, Any] = {"pods": (A, pod("shop-default-b", WorkerReason.WEDGED))}
    wedged = decide(snapshot(**bad, previous=status_of()))
    assert [event.reason for event in wedged.events] == ["Wedged"]
    restarted = decide(_next(wedged, **between))
    assert [event for event in restarted.events if event.type == "Warning"] == []
    assert ConditionType.WORKERS_HEALTHY in restarted.open_faults
    well = decide(_next(restarted))
    assert ("Normal", "WorkersHealthy") in [(event.type, event.reason) for event in well.events]
    assert decide(_next(well)).events == ()


def _next(decision: Decision, **changes: Any) -> Snapshot:
    """The snapshot after this decision."""
    following = snapshot(**changes, previous=decision.status)
    return replace(following, memory=replace(following.memory, open_faults=decision.open_faults))


def test_a_first_reconcile_reports_what_is_wrong_and_not_what_is_right() -> None:
    first: dict[str, Any] = {"previous": CeleryDeploymentStatus(observed_generation=3)}
    assert [event.reason for event in decide(snapshot(**first)).events] == ["Ready"]
    bad = decide(snapshot(**first, pods=(A, pod("b", WorkerReason.DEAF)))).events
    assert [event.reason for event in bad] == ["Deaf"]
