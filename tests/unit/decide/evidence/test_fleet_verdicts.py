"""What the fleet's evidence adds to the workers' own word, and when it adds nothing."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.entry import Reason
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.health import HealthState
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.thresholds import FleetThresholds
from celery_health.wire.worker_report import ActiveTask, TransportEvidence
from celery_operator.api.status import ConditionType
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.worker_state import WorkerState
from celery_operator.decide.evidence.workers import least_visibility_timeout, thresholds_of
from celery_operator.snapshot import PodState
from tests.unit.decide.build import (
    REFUSED,
    WAITING,
    broker,
    condition_of,
    evidence_of,
    hung_in,
    snapshot,
    spec,
    stalled_in,
    status_of,
)
from tests.unit.decide.pods import (
    NOT_REACHED,
    hoarding_pod,
    hung_pod,
    pod,
    reading,
    report,
    reporting_pod,
    silent_pod,
    stalled_pod,
)

A, B = pod("shop-default-a"), pod("shop-default-b")
STALLED_B = stalled_pod("shop-default-b")


def evidence(**changes: Any) -> Evidence:
    return evidence_of(snapshot(**changes))


def standings(**changes: Any) -> list[WorkerState]:
    return [worker.state for worker in evidence(**changes).groups[0].workers]


def away_for(one: PodState) -> PodState:
    """The same pod, whose sidecar does not reach the broker."""
    assert one.reading is not None
    return replace(one, reading=replace(one.reading, broker=NOT_REACHED))


def test_a_stalled_worker_no_longer_counts_as_consuming() -> None:
    seen = evidence(**WAITING, pods=(A, STALLED_B))
    assert [worker.state for worker in seen.groups[0].workers] == [WorkerState.CONSUMING, WorkerState.STALLED]
    assert [worker.pod.name for worker in stalled_in(seen)] == ["shop-default-b"]
    assert (seen.consuming, seen.groups[0].missing) == (1, 1)
    assert seen.waits(seen.groups[0])


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("nothing has waited for long", {"broker": broker(celery=5)}),
        ("the broker is away", {**WAITING, "broker": REFUSED}),
        ("the pod does not reach the broker", {**WAITING, "pods": (A, away_for(STALLED_B))}),
        ("it has just ended a task", {**WAITING, "pods": (A, stalled_pod("b", idle_for=5.0))}),
        (
            "its agent is too old to report it",
            {**WAITING, "pods": (A, reporting_pod("b", progress_mono=None))},
        ),
        ("it drains", {**WAITING, "pods": (A, replace(STALLED_B, reading=reading(WorkerReason.DRAINING)))}),
        ("it leaves", {**WAITING, "pods": (A, replace(STALLED_B, deleting=True))}),
    ],
)
def test_no_worker_is_stalled_while(why: str, changes: dict[str, Any]) -> None:
    assert not stalled_in(evidence(**{"pods": (A, STALLED_B), **changes}))


def test_the_age_of_a_report_counts_as_idle_time() -> None:
    one = stalled_pod("b", idle_for=55.0)
    assert one.reading is not None
    assert not stalled_in(evidence(**WAITING, pods=(one,)))
    assert stalled_in(evidence(**WAITING, pods=(replace(one, reading=replace(one.reading, age=6.0)),)))


@pytest.mark.parametrize("consuming_for", [None, 0.0, 60.0])
def test_a_worker_that_has_only_just_connected_has_not_idled(consuming_for: float | None) -> None:
    one = stalled_pod("b", idle_for=3000.0)
    assert one.reading is not None
    connected = replace(one, reading=replace(one.reading, consuming_for=consuming_for))
    assert not stalled_in(evidence(**WAITING, pods=(connected,)))


def test_hung_and_hoarding_workers_still_consume() -> None:
    seen = evidence(pods=(hung_pod("a"), hoarding_pod("b")))
    assert [worker.state for worker in seen.groups[0].workers] == [WorkerState.CONSUMING] * 2
    assert [worker.pod.name for worker in hung_in(seen)] == ["a"]
    assert seen.groups[0].workers[1].has(FleetReason.HOARDING)


def test_a_draining_worker_may_hang_but_hoards_on_purpose() -> None:
    draining = [
        replace(one, reading=replace(reading(WorkerReason.DRAINING), report=one.reading.report))
        for one in (hung_pod("a"), hoarding_pod("b"))
        if one.reading
    ]
    seen = evidence(pods=(A, B, *draining))
    assert [worker.pod.name for worker in hung_in(seen)] == ["a"]
    assert not seen.groups[0].workers[3].verdicts


def test_a_solo_worker_inside_a_long_task_within_its_limit_consumes() -> None:
    task = (ActiveTask("id-1", "shop.pay", 750.0, 300.0),)
    inside = structs.replace(report(pool_kind="solo", pool_size=1, progress_mono=-150.0), active=task)
    busy = replace(pod("a"), reading=replace(reading(WorkerReason.BUSY), report=inside))
    seen = evidence(**WAITING, pods=(busy,)).groups[0].workers[0]
    assert (seen.state, seen.verdicts) == (WorkerState.CONSUMING, ())


def test_a_pod_without_a_report_is_judged_without_the_fleet() -> None:
    absent, silent = pod("a", WorkerReason.AGENT_ABSENT), silent_pod("b")
    assert standings(**WAITING, pods=(absent, silent)) == [
        WorkerState.AGENT_ABSENT,
        WorkerState.SIDECAR_UNREACHABLE,
    ]


def test_deaf_workers_are_listed_with_what_their_liveness_says() -> None:
    deaf = pod("a", WorkerReason.DEAF)
    group = evidence(pods=(deaf, B)).groups[0]
    assert [worker.pod.name for worker in group.deaf] == ["a"]
    assert [worker.pod.reading.verdict.live for worker in group.deaf if worker.pod.reading] == [True]


WORKERS: list[tuple[str, dict[str, Any], str, HealthState]] = [
    ("one is stalled", {**WAITING, "pods": (A, STALLED_B)}, FleetReason.WORKER_STALLED, HealthState.DEGRADED),
    (
        "all are stalled",
        {**WAITING, "pods": (stalled_pod("a"), STALLED_B)},
        FleetReason.WORKER_STALLED,
        HealthState.UNHEALTHY,
    ),
    ("a task hangs", {"pods": (A, hung_pod("b"))}, FleetReason.HUNG_TASK, HealthState.DEGRADED),
    (
        "tasks hang in all",
        {"pods": (hung_pod("a"), hung_pod("b"))},
        FleetReason.HUNG_TASK,
        HealthState.DEGRADED,
    ),
    ("one hoards", {"pods": (A, hoarding_pod("b"))}, FleetReason.HOARDING, HealthState.DEGRADED),
    (
        "a pool is dead",
        {"pods": (A, pod("b", WorkerReason.POOL_DEAD))},
        WorkerReason.POOL_DEAD,
        HealthState.DEGRADED,
    ),
    (
        "all pools are dead",
        {"pods": (pod("a", WorkerReason.POOL_DEAD), pod("b", WorkerReason.POOL_DEAD))},
        WorkerReason.POOL_DEAD,
        HealthState.UNHEALTHY,
    ),
    (
        "one is stalled and one is deaf",
        {**WAITING, "pods": (pod("a", WorkerReason.DEAF), STALLED_B)},
        WorkerReason.DEAF,
        HealthState.UNHEALTHY,
    ),
    (
        "a surplus one is stalled",
        {**WAITING, "pods": (A, B, stalled_pod("c"))},
        FleetReason.WORKER_STALLED,
        HealthState.DEGRADED,
    ),
]


@pytest.mark.parametrize(
    ("changes", "reason", "health"), [pytest.param(*row[1:], id=f"when {row[0]}") for row in WORKERS]
)
def test_workers_are_not_healthy(changes: dict[str, Any], reason: Reason, health: HealthState) -> None:
    condition = condition_of(ConditionType.WORKERS_HEALTHY, **changes)
    assert (condition.status, condition.reason) == ("False", reason), condition.message
    assert status_of(**changes).health is health


def test_a_worker_that_hangs_or_hoards_does_not_keep_the_rollout_from_being_ready() -> None:
    ready = condition_of(ConditionType.READY, pods=(hung_pod("a"), hoarding_pod("b")))
    assert (ready.status, ready.reason) == ("True", StateReason.READY)


def test_a_stalled_worker_keeps_it() -> None:
    ready = condition_of(ConditionType.READY, **WAITING, pods=(A, STALLED_B))
    assert (ready.status, ready.reason) == ("False", FleetReason.WORKER_STALLED)


def test_the_thresholds_are_those_of_the_spec() -> None:
    health = {"backlogThreshold": 7, "stalledAfterSeconds": 200, "hungTaskAfterSeconds": 600}
    thresholds = thresholds_of(snapshot(spec=spec(health=health)))
    assert (thresholds.backlog, thresholds.stalled_after, thresholds.hung_after) == (7, 200, 600)
    assert thresholds_of(snapshot()) == FleetThresholds()


def test_a_task_hangs_by_the_limit_for_all_tasks_where_it_has_none_of_its_own() -> None:
    one = structs.replace(report(), active=(ActiveTask("id-1", "shop.pay", 300.0),))
    pods = (A, replace(B, reading=replace(reading(), report=one)))
    assert not hung_in(evidence(pods=pods))
    assert hung_in(evidence(pods=pods, spec=spec(health={"hungTaskAfterSeconds": 600})))


@pytest.mark.parametrize("reason", [BrokerReason.OUT_OF_MEMORY, BrokerReason.ALARM, BrokerReason.READ_ONLY])
def test_a_broker_that_was_reached_and_is_unhealthy_stays_so_whatever_the_workers_say(
    reason: BrokerReason,
) -> None:
    unhealthy = condition_of(
        ConditionType.BROKER_REACHABLE, broker=broker(False, reason, "It takes no messages.")
    )
    assert (unhealthy.status, unhealthy.reason) == ("False", reason)


def test_the_shortest_visibility_timeout_counts() -> None:
    pods = tuple(
        reporting_pod(str(timeout), transport=TransportEvidence("redis", visibility_timeout=timeout))
        for timeout in (7200.0, None, 1800.0)
    )
    assert least_visibility_timeout(snapshot(pods=(*pods, silent_pod()))) == 1800.0
    assert least_visibility_timeout(snapshot()) is None
