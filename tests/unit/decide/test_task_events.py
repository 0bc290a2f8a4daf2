"""Workers are asked for task events while the monitor is enabled, and once each."""

from dataclasses import replace

import pytest

from celery_operator.decide import decide
from celery_operator.decide.orders import TaskEventsOrder
from celery_operator.snapshot import PodState
from tests.unit.decide.build import snapshot, spec
from tests.unit.decide.pods import pod, silent_pod

ON = spec(monitor={"enabled": True})


def asked(name: str, requested: bool | None) -> PodState:
    one = pod(name)
    assert one.reading is not None
    return replace(one, reading=replace(one.reading, task_events_requested=requested))


def orders(*pods: PodState, enabled: bool = True) -> dict[str, bool]:
    decision = decide(snapshot(spec=ON if enabled else spec(), pods=pods))
    return {order.pod: order.enabled for order in decision.orders if isinstance(order, TaskEventsOrder)}


def test_each_worker_is_asked_until_its_sidecar_says_that_it_was() -> None:
    assert orders(asked("a", False), asked("b", True)) == {"a": True}


def test_events_end_with_the_monitor() -> None:
    assert orders(asked("a", True), asked("b", False), enabled=False) == {"a": False}


def test_by_default_nothing_is_ordered() -> None:
    assert orders(asked("a", False), asked("b", False), enabled=False) == {}


@pytest.mark.parametrize(
    "one", [asked("a", None), silent_pod("a"), replace(asked("a", False), deleting=True)]
)
def test_a_sidecar_that_does_not_take_the_order_gets_none(one: PodState) -> None:
    assert orders(one) == {}


def test_the_order_names_its_path_and_its_body() -> None:
    (order,) = (
        one
        for one in decide(snapshot(spec=ON, pods=(asked("a", False),))).orders
        if isinstance(one, TaskEventsOrder)
    )
    assert (order.path, order.body) == ("/task-events", {"enabled": True})
