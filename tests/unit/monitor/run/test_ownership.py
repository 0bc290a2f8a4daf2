"""Which events belong to the application, where several applications may share a broker."""

import pytest

from celery_monitor.events.event import Event
from celery_monitor.live.inspection import Inspected
from celery_monitor.live.live import Live
from celery_monitor.run.ownership import Ownership
from tests.unit.monitor.events.samples import T0, event
from tests.unit.monitor.live.worlds import Clock

OURS = "mail@shop-mail-1"
OTHER = "mail@other-mail-1"


def sent(queue: str | None, name: str = "shop.mail") -> Event:
    return event("task-sent", 1, worker="gen1@web", name=name, queue=queue)


@pytest.fixture
def clock() -> Clock:
    return Clock(T0)


@pytest.fixture
def ownership(clock: Clock) -> Ownership:
    """One worker of ours is known, and events have come for a minute."""
    live = Live(clock=clock)
    live.known_workers.on_answer(OURS, Inspected(queues=("mail",), tasks=("shop.mail",)), T0)
    found = Ownership(lambda name: "@shop-" in name, live)
    assert found.accepts(event("worker-heartbeat", 0, worker=OURS))
    clock.now += 1
    assert not found.accepts(sent("print"))  # another application may not have been heard yet
    clock.now += 60
    return found


def test_an_event_of_a_worker_belongs_to_the_application_of_that_name(ownership: Ownership) -> None:
    assert ownership.accepts(event("task-received", 1, worker=OURS))
    assert not ownership.accepts(event("task-received", 1, worker=OTHER))


@pytest.mark.parametrize("queue", ["print", None])
def test_a_task_that_our_workers_know_is_ours_in_a_queue_that_no_worker_reads(
    ownership: Ownership, queue: str | None
) -> None:
    assert ownership.accepts(sent(queue))
    assert not ownership.accepts(sent(queue, name="other.bill"))


def test_beside_another_application_only_the_queues_of_our_workers_are_ours(
    ownership: Ownership, clock: Clock
) -> None:
    ownership.accepts(event("worker-heartbeat", 2, worker=OTHER))
    clock.now += 3_500
    assert not ownership.accepts(sent("print"))
    assert ownership.accepts(sent("mail", name="other.bill"))
    clock.now += 200  # the other one has not been heard of for an hour
    assert ownership.accepts(sent("print"))
