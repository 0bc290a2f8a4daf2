"""Quarantine: off by default, the same list for every worker, and over when the deaths are."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from celery_health.broker import QueueReading
from celery_health.catalogue.health import HealthState
from celery_health.verdicts.deaths import FleetDeaths, TaskDeaths, WorkerDeaths
from celery_health.wire.bounds import QUARANTINE_LENGTH
from celery_operator.api.status import CeleryDeploymentStatus, QuarantinedTask
from celery_operator.decide import Decision, decide
from celery_operator.decide.orders import QuarantineOrder
from celery_operator.snapshot import PodState
from tests.unit.decide.build import GENERATION, broker, snapshot, spec
from tests.unit.decide.pods import NOW, pod

ON = spec(health={"poisonTasks": "Quarantine"})
DEAD = "shop.dead-letter"
HOG = TaskDeaths("29a3", "warehouse.hog", 3, first=900.0, last=970.0, cause="signal SIGSEGV")


def dying(*tasks: TaskDeaths) -> FleetDeaths:
    return FleetDeaths((WorkerDeaths("shop-default-a", tasks, children_lost=9),))


def decided(
    deaths: FleetDeaths | None = None, *, kept: tuple[QuarantinedTask, ...] = (), **changes: Any
) -> Decision:
    previous = CeleryDeploymentStatus(observed_generation=GENERATION, quarantine=kept)
    values = {"spec": ON, "mono": 1000.0, "deaths": deaths or FleetDeaths(), "previous": previous}
    return decide(snapshot(**{**values, **changes}))


def orders(decision: Decision) -> dict[str, tuple[str, ...]]:
    return {order.pod: order.ids for order in decision.orders if isinstance(order, QuarantineOrder)}


def listed(id_: str = "29a3", seconds: float = 60.0) -> QuarantinedTask:
    until = (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return QuarantinedTask(id=id_, name="warehouse.hog", until=until)


def test_by_default_a_poison_task_is_only_reported() -> None:
    decision = decided(dying(HOG), spec=spec())
    assert decision.status.quarantine == ()
    assert orders(decision) == {}


def test_every_worker_gets_the_id_and_the_status_keeps_it_until_the_deaths_are_over() -> None:
    decision = decided(dying(HOG))
    assert decision.status.quarantine == (listed(seconds=570.0),)
    assert orders(decision) == {"shop-default-a": ("29a3",), "shop-default-b": ("29a3",)}
    (order, _) = (one for one in decision.orders if isinstance(one, QuarantineOrder))
    assert (order.path, order.body) == ("/quarantine", {"queue": "shop.dead-letter", "ids": ("29a3",)})


def test_an_event_names_the_task_and_the_queue_once() -> None:
    first = decided(dying(HOG))
    assert [note.message for note in first.events if note.reason == "TaskQuarantined"] == [
        "Workers move task warehouse.hog (29a3) to the queue shop.dead-letter instead of running it."
    ]
    again = decided(dying(HOG), kept=first.status.quarantine)
    assert [note for note in again.events if note.reason == "TaskQuarantined"] == []


def test_an_event_says_once_for_all_workers_why_messages_cannot_be_moved() -> None:
    def refused(name: str) -> PodState:
        found = pod(name)
        assert found.reading
        assert found.reading.report
        report = msgspec.structs.replace(
            found.reading.report, quarantine_problem="Redis is full (maxmemory)."
        )
        return replace(found, reading=replace(found.reading, report=report))

    events = decided(dying(HOG), pods=(refused("a"), refused("b"), pod("c"))).events
    (event,) = (note for note in events if note.reason == "QuarantineFailed")
    assert event.type == "Warning"
    assert "cannot be moved to the queue shop.dead-letter" in event.message
    assert event.message.endswith("Redis is full (maxmemory).")


def test_a_restarted_operator_and_a_new_pod_go_on_with_the_list() -> None:
    has_it = replace(pod("a"), reading=replace(pod("a").reading, quarantined=("29a3",)))  # type: ignore[type-var]
    decision = decided(kept=(listed(),), pods=(has_it, pod("b")))
    assert decision.status.quarantine == (listed(),)
    assert orders(decision) == {"b": ("29a3",)}


def test_the_list_ends_with_the_deaths_and_with_the_mode() -> None:
    has_it = replace(pod("a"), reading=replace(pod("a").reading, quarantined=("29a3",)))  # type: ignore[type-var]
    over = decided(kept=(listed(seconds=-1.0),), pods=(has_it,))
    assert (over.status.quarantine, orders(over)) == ((), {"a": ()})
    off = decided(dying(HOG), kept=(listed(),), pods=(has_it,), spec=spec())
    assert (off.status.quarantine, orders(off)) == ((), {"a": ()})


def test_a_long_list_keeps_the_latest() -> None:
    many = tuple(
        listed(f"id-{number:03}", seconds=float(number)) for number in range(1, QUARANTINE_LENGTH + 11)
    )
    found = decided(dying(HOG), kept=many).status.quarantine
    assert len(found) == QUARANTINE_LENGTH
    assert "29a3" in {task.id for task in found}
    assert "id-001" not in {task.id for task in found}


@pytest.mark.parametrize(
    ("read", "before", "shown"),
    [
        ({DEAD: 2}, None, 2),
        ({DEAD: 0}, 2, 0),
        ({DEAD: None}, 2, 2),
        ({}, 2, 2),
        ({}, 0, None),
        ({}, None, None),
    ],
)
def test_the_status_has_the_number_of_dead_letters_as_it_was_last_read(
    read: dict[str, int | None], before: int | None, shown: int | None
) -> None:
    previous = CeleryDeploymentStatus(observed_generation=GENERATION, dead_letters=before)
    queues = (QueueReading("celery", 0), *(QueueReading(name, ready) for name, ready in read.items()))
    reading = replace(broker(), queues=queues)
    status = decided(previous=previous, broker=reading).status
    assert status.dead_letters == shown
    assert (status.backlog, [queue.name for queue in status.queues]) == (0, ["celery"])
    assert status.health is HealthState.HEALTHY
