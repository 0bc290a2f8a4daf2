"""Which revokes are sent to which workers, and when."""

from collections.abc import Mapping

from celery_monitor.control.cancels.due import (
    ALL_SECONDS,
    MOST_IN_ORDER,
    Order,
    Sent,
    due_orders,
)
from celery_monitor.records.requests import RequestedCancel
from celery_monitor.remote_control.startup import STARTUP_SECONDS

NOW = 1_000_000.0


def cancel(
    task_id: str, sends: int = 1, *, terminate: bool = True, signal: str = "SIGTERM"
) -> RequestedCancel:
    return RequestedCancel(
        task_id=task_id, at=NOW - 60, identity="ann", sends=sends, terminate=terminate, signal=signal
    )


def orders(
    *cancels: RequestedCancel,
    online: Mapping[str, float] | None = None,
    all_at: float | None = NOW - 1,
    by_worker: Mapping[str, float] | None = None,
) -> list[Order]:
    return list(due_orders(cancels, online or {}, Sent(all_at, by_worker or {}), NOW))


def test_a_new_cancel_goes_to_all_workers() -> None:
    assert orders(cancel("a", sends=0)) == [Order(("a",), True, "SIGTERM", None, first=True)]


def test_nothing_is_sent_again_to_workers_that_have_it() -> None:
    assert orders(cancel("a"), online={"w1": NOW - 100}, by_worker={"w1": NOW - 50}) == []


def test_a_worker_that_has_just_started_gets_all_open_cancels() -> None:
    found = orders(
        cancel("a"), cancel("b"), online={"w1": NOW - 100, "w2": NOW - 1}, by_worker={"w1": NOW - 50}
    )
    assert found == [Order(("a", "b"), True, "SIGTERM", ("w2",))]


def test_a_worker_is_ordered_again_while_it_may_not_listen_yet() -> None:
    started = NOW - STARTUP_SECONDS / 2
    assert orders(cancel("a"), online={"w1": started}, by_worker={"w1": NOW - 1})
    started = NOW - STARTUP_SECONDS - 1
    assert not orders(cancel("a"), online={"w1": started}, by_worker={"w1": started + STARTUP_SECONDS})


def test_all_workers_are_ordered_from_time_to_time() -> None:
    assert orders(cancel("a"), all_at=NOW - ALL_SECONDS) == [Order(("a",), True, "SIGTERM")]
    assert orders(cancel("a"), all_at=None) == [Order(("a",), True, "SIGTERM")]


def test_each_way_to_cancel_is_an_order_of_its_own() -> None:
    found = orders(cancel("a", 0), cancel("b", 0, terminate=False), cancel("c", 0, signal="SIGKILL"))
    assert {(order.task_ids, order.terminate, order.signal) for order in found} == {
        (("a",), True, "SIGTERM"),
        (("b",), False, "SIGTERM"),
        (("c",), True, "SIGKILL"),
    }


def test_an_order_names_a_bounded_number_of_tasks() -> None:
    found = orders(*(cancel(str(number), 0) for number in range(MOST_IN_ORDER + 1)))
    assert [len(order.task_ids) for order in found] == [MOST_IN_ORDER, 1]
