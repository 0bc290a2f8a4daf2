"""When the monitor orders workers to send task events, and when it says that they do not obey."""

from collections.abc import Mapping, Sequence
from typing import Any

from celery_health.survey.app_connection import resolve
from celery_monitor.control.enable_events import EventSwitch
from celery_monitor.events.workers import WorkerTrack
from celery_monitor.live.live import Live
from celery_monitor.remote_control.remote_control import RemoteControl, RemoteControlError
from tests.unit.monitor.events.samples import event as sent
from tests.unit.monitor.live.worlds import Clock, heartbeat, online


class FakeControl(RemoteControl):
    """Notes the orders. ``works``: whether the broker can be used."""

    def __init__(self) -> None:
        super().__init__(resolve(None, None, "redis://127.0.0.1:1/0", None, {}))
        self.orders: list[list[str] | None] = []
        self.works = True

    async def order(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        names: Sequence[str] | None = None,
        *,
        answered: bool = True,
    ) -> Mapping[str, Any]:
        if not self.works:
            raise RemoteControlError("The broker is away.")
        assert command == "enable_events"
        self.orders.append(None if names is None else list(names))
        return {}


def world(tracks: dict[str, WorkerTrack] | None = None) -> tuple[Clock, Live, FakeControl, EventSwitch]:
    clock, control = Clock(), FakeControl()
    live = Live(clock=clock)
    live.follow(tracks or {}, lambda name, at: None)
    return clock, live, control, EventSwitch(live, control)


async def test_all_workers_are_ordered_at_the_start_and_again_and_again() -> None:
    clock, _, control, switch = world()

    await switch.switch_on()
    clock.now += 10
    await switch.switch_on()
    assert control.orders == [None]
    clock.now += 25
    await switch.switch_on()

    assert control.orders == [None, None]


async def test_a_worker_that_comes_online_is_ordered_alone_until_it_surely_listens() -> None:
    clock, live, control, switch = world()
    await switch.switch_on()
    clock.now += 5
    live.on_worker(online("w1@a", clock.now))

    await switch.switch_on()
    clock.now += 2
    await switch.switch_on()
    clock.now += 10
    await switch.switch_on()
    await switch.switch_on()

    assert control.orders == [None, ["w1@a"], ["w1@a"], ["w1@a"]]


async def test_a_worker_that_restarts_is_ordered_again() -> None:
    clock, live, control, switch = world()
    live.on_worker(online("w1@a", clock.now))
    await switch.switch_on()
    clock.now += 5
    live.on_worker(heartbeat("w1@a", clock.now, pid=2))

    await switch.switch_on()

    assert control.orders == [None, ["w1@a"]]


async def test_an_order_that_could_not_be_sent_is_sent_again() -> None:
    _, _, control, switch = world()
    control.works = False
    await switch.switch_on()
    control.works = True

    await switch.switch_on()

    assert control.orders == [None]


async def test_workers_of_other_applications_are_left_alone() -> None:
    clock, control = Clock(), FakeControl()
    live = Live(clock=clock, is_ours=lambda name: name.startswith("shop"))
    live.follow({}, lambda name, at: None)
    live.on_worker(online("shop@a", clock.now))

    await EventSwitch(live, control).switch_on()

    assert control.orders == [["shop@a"]]


async def test_workers_that_run_tasks_and_do_not_obey_are_named_after_a_while() -> None:
    track = WorkerTrack("w1@a", 1)
    clock, live, _, switch = world({"w1@a": track})
    live.on_worker(online("w1@a", clock.now))
    await switch.switch_on()
    track._first_processed, track.processed = 0, 5

    assert switch.problem() is None
    clock.now += 20

    problem = switch.problem()
    assert problem is not None
    assert "w1@a" in problem
    track.sends_task_events = True
    assert switch.problem() is None


async def test_what_a_worker_ran_before_the_order_does_not_mean_that_it_disobeys() -> None:
    """Tasks may wait for a worker that starts, and no other comes for hours."""
    track = WorkerTrack("w1@a", 1)
    clock, live, _, switch = world({"w1@a": track})
    live.on_worker(online("w1@a", clock.now))
    await switch.switch_on()
    track._first_processed, track.processed = 0, 5
    clock.now += 40
    live.on_worker(heartbeat("w1@a", clock.now))
    await switch.switch_on()
    clock.now += 20

    for processed, problem in ((6, False), (7, True)):
        track.heartbeat(sent("worker-heartbeat", clock.now, processed=processed))
        assert ("w1@a" in (switch.problem() or "")) is problem
