"""Queues that no group reads, and messages that no worker has."""

from dataclasses import replace
from typing import Any

import pytest

from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.health import HealthState
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.wire.worker_report import TransportEvidence
from celery_operator.api.status import ConditionType
from tests.unit.decide.build import ORPHANS, UNREAD, broker, condition_of, status_of
from tests.unit.decide.pods import pending_pod, pod, reading, report, reporting_pod, silent_pod

A, B = pod("shop-default-a"), pod("shop-default-b")


BACKLOG: list[tuple[str, dict[str, Any], str, str]] = [
    ("no group reads a queue", UNREAD, "False", FleetReason.QUEUE_NOT_CONSUMED),
    (
        "somebody takes from a queue that we do not know",
        {**UNREAD, "not_shrinking_for": {"forgotten": 10.0}},
        "True",
        StateReason.WITHIN_LIMITS,
    ),
    (
        "no group reads the dead-letter queue",
        {
            "broker": broker(others={"shop.dead-letter": 7}),
            "not_shrinking_for": {"shop.dead-letter": 300.0},
        },
        "True",
        StateReason.WITHIN_LIMITS,
    ),
    ("a queue has not been watched", {**UNREAD, "not_shrinking_for": {}}, "True", StateReason.WITHIN_LIMITS),
    (
        "a worker reads it although the spec does not say so",
        {**UNREAD, "pods": (A, reporting_pod("b", queues=("celery", "forgotten")))},
        "True",
        StateReason.WITHIN_LIMITS,
    ),
    ("messages have lost their worker", ORPHANS, "False", FleetReason.ORPHANED_MESSAGES),
    (
        "a worker may have ended a task since Redis was read",
        {**ORPHANS, "unheld_for": 7.0},
        "True",
        StateReason.WITHIN_LIMITS,
    ),
    (
        "a worker that leaves still holds them",
        {**ORPHANS, "pods": (A, B, replace(reporting_pod("c", reserved=40), deleting=True))},
        "True",
        StateReason.WITHIN_LIMITS,
    ),
    (
        "a worker that cannot be asked may hold them",
        {**ORPHANS, "pods": (A, B, silent_pod("c"))},
        "True",
        StateReason.WITHIN_LIMITS,
    ),
    (
        "a worker without an agent may hold them",
        {**ORPHANS, "pods": (A, pod("b", WorkerReason.AGENT_ABSENT))},
        "True",
        StateReason.WITHIN_LIMITS,
    ),
    (
        "a pod that has not started holds none of them",
        {**ORPHANS, "pods": (A, pending_pod("b"))},
        "False",
        FleetReason.ORPHANED_MESSAGES,
    ),
    (
        "a worker that has ended holds none of them",
        {
            **ORPHANS,
            "pods": (
                A,
                replace(B, reading=replace(reading(WorkerReason.ENDED), report=report(reserved=40))),
            ),
        },
        "False",
        FleetReason.ORPHANED_MESSAGES,
    ),
    (
        "the visibility timeout of the workers is longer",
        {
            **ORPHANS,
            "pods": (reporting_pod("a", transport=TransportEvidence("redis", visibility_timeout=43_200.0)),),
        },
        "True",
        StateReason.WITHIN_LIMITS,
    ),
    (
        "a queue is too long as well",
        {**UNREAD, "broker": broker(celery=5000)},
        "False",
        FleetReason.ABOVE_THRESHOLD,
    ),
]


@pytest.mark.parametrize(
    ("changes", "status", "reason"), [pytest.param(*row[1:], id=f"when {row[0]}") for row in BACKLOG]
)
def test_queues_without_a_reader_and_messages_without_a_worker(
    changes: dict[str, Any], status: str, reason: str
) -> None:
    condition = condition_of(ConditionType.BACKLOG_WITHIN_LIMITS, **changes)
    assert (condition.status, condition.reason) == (status, reason), condition.message
    assert status == "True" or status_of(**changes).health is HealthState.DEGRADED
