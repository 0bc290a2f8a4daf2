"""The whole status: numbers, transition times and the order of the conditions."""

from celery_health.catalogue.workers import WorkerReason
from celery_operator.api.status import ConditionType
from tests.unit.decide.build import (
    NOT_READ,
    REFUSED,
    broker,
    condition_of,
    deployment,
    snapshot,
    spec,
    status_of,
)
from tests.unit.decide.pods import NOW, pod, silent_pod


def test_the_transition_time_stays_while_the_status_does() -> None:
    earlier = status_of()
    later = status_of(previous=earlier, now=NOW.replace(hour=9))
    assert [one.last_transition_time for one in later.conditions] == [
        one.last_transition_time for one in earlier.conditions
    ]


def test_the_transition_time_moves_when_the_status_flips() -> None:
    changes = {"previous": status_of(), "now": NOW.replace(hour=9), "broker": REFUSED, "pods": ()}
    ready = condition_of(ConditionType.READY, **changes)
    assert (ready.status, ready.last_transition_time) == ("False", "2026-01-02T09:04:05Z")
    assert condition_of(ConditionType.STALLED, **changes).last_transition_time == "2026-01-02T03:04:05Z"


def test_every_condition_is_there_in_one_order() -> None:
    with_monitor = status_of(spec=spec(monitor={"enabled": True}))
    assert [one.type for one in with_monitor.conditions] == list(ConditionType)
    others = [kind for kind in ConditionType if kind is not ConditionType.MONITOR_READY]
    assert [one.type for one in status_of().conditions] == others


def test_the_numbers_of_the_status_are_those_of_the_scale_target_and_the_totals() -> None:
    groups = [{"name": "default", "replicas": 1}, {"name": "mail", "queues": ["mail", "celery"]}]
    status = status_of(
        spec=spec(workers=groups, scaleTarget="mail", replicas=2),
        deployments=(deployment(1), deployment(2, group="mail", ready=1)),
        pods=(
            pod("a", active=3),
            pod("b", group="mail"),
            pod("c", WorkerReason.DEAF, group="mail", active=0),
        ),
        broker=broker(celery=4, mail=None),
    )
    assert (status.ready, status.replicas, status.ready_replicas) == ("2/3", 2, 1)
    assert status.selector == "app.kubernetes.io/instance=shop,celery-operator.dev/group=mail"
    assert (status.backlog, status.active) == (4, 4)
    assert [(queue.name, queue.ready) for queue in status.queues] == [("celery", 4), ("mail", None)]
    assert [(group.consuming_replicas, group.active, group.reserved) for group in status.workers] == [
        (1, 3, 2),
        (1, 1, 4),
    ]


def test_numbers_that_were_not_reported_are_none() -> None:
    status = status_of(pods=(silent_pod(),), broker=NOT_READ)
    assert (status.backlog, status.active, status.workers[0].active) == (None, None, None)


def test_the_same_snapshot_gives_the_same_status() -> None:
    assert status_of() == status_of()
    assert snapshot() == snapshot()
