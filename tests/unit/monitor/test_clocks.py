"""After the clock was set back by a day, nothing waits for that day to pass again."""

from typing import Any

import pytest

from celery_monitor.alerts.delivery import FIRST_RETRY_SECONDS, Delivery
from celery_monitor.alerts.found import Found
from celery_monitor.alerts.messages import due
from celery_monitor.alerts.states import Evaluated, Records, advance
from celery_monitor.clocks import passed
from celery_monitor.control.duty import Duty
from celery_monitor.metrics.task_windows import FAILURE_MINUTES, TaskWindows
from celery_monitor.records.alerts import AlertState, Delivered
from tests.unit.monitor.alerts.test_delivery import Channel, alert
from tests.unit.monitor.alerts.test_delivery import Clock as ChannelClock
from tests.unit.monitor.alerts.test_watch import Clock, Tasks, stuck
from tests.unit.monitor.alerts.worlds import NOW

DAY = 86_400.0


@pytest.mark.parametrize(
    ("now", "is_over"), [(69, False), (70, True), (10, False), (-49, False), (-50, True), (-DAY, True)]
)
def test_a_wait_is_over_in_time_and_when_the_clock_was_set_far_back(now: float, is_over: bool) -> None:
    assert passed(10, 60, now) is is_over


@pytest.mark.parametrize("error", [None, OSError("planted")])
async def test_a_channel_sends_on(error: Exception | None) -> None:
    channel, clock = Channel(), ChannelClock()
    channel.error = error
    delivery = Delivery(channel, clock)
    await delivery.send([alert()])
    free = []
    for back in (FIRST_RETRY_SECONDS / 2, DAY):
        clock.now -= back
        free.append(delivery.is_free)
    assert free == [False, True]


def evaluated(records: Records, now: float) -> Records:
    return advance(records, [Evaluated("CeleryHighQueueDepth", 60.0, Found({(): 1.0}))], now)


@pytest.mark.parametrize("back", [30.0, DAY])
def test_a_pending_alert_fires_after_its_time(back: float) -> None:
    records = evaluated({}, NOW)
    for seconds in (0, 30, 60):
        records = evaluated(records, NOW - back + seconds)
    assert [one.state for one in records.values()] == [AlertState.FIRING]


def test_a_message_is_repeated_while_its_alert_fires() -> None:
    records = evaluated(evaluated({}, NOW - 60), NOW).values()
    (record,) = records
    delivered = {record.key: Delivered(channel="chat", key=record.key, fired=NOW, resolved=False, at=NOW)}

    def at(now: float) -> int:
        return len(due(records, delivered, lambda _: False, 4 * 3600.0, now))

    assert (at(NOW), at(NOW - 60), at(NOW - DAY)) == (0, 0, 1)


async def test_a_duty_is_renewed() -> None:
    class History:
        asked = 0
        leases: Any

        async def hold(self, *_: object) -> bool:
            self.asked += 1
            return self.asked == 1

    clock, history = Clock(), History()
    history.leases = history
    duty = Duty(history, "alerts", 60.0, clock)  # type: ignore[arg-type]
    assert await duty.hold()
    assert await duty.hold()
    clock.now -= DAY
    assert not await duty.hold()


def test_a_window_of_minutes_goes_on() -> None:
    windows = TaskWindows(NOW)
    windows.turn(NOW + 600)
    windows.started("pay")
    windows.failed("pay")
    windows.turn(NOW - DAY)
    assert windows.failing(10) == {"pay": 100.0}
    assert windows.since <= NOW - DAY - 600
    windows.turn(NOW - DAY + 60 * (FAILURE_MINUTES + 1))
    assert windows.failing(10) == {}


async def test_stuck_tasks_are_searched_again() -> None:
    clock, asked = Clock(), list[float]()
    finder = stuck(Tasks(), clock)

    async def runtime(_: str) -> None:
        asked.append(clock.now)

    finder._runtime = runtime
    for back in (0, 0, DAY):
        clock.now -= back
        await finder._usual("shop.pay", clock.now)
    assert asked == [NOW, NOW - DAY]
