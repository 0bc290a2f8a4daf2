"""The monitor with the duty is cut off from PostgreSQL alone, and another one takes over."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from tools.testbed.databases import PostgresServer
from tools.testbed.proxy import Proxy, proxy

from celery_monitor.alerts.delivery import PAUSE_SECONDS
from celery_monitor.alerts.keeper import EVALUATE_SECONDS, AlertKeeper
from celery_monitor.history import History, HistoryOptions
from tests.integration.monitor.history.alerts.world import FIRING, OWN, RESOLVED, World

NOT_READY = "CeleryMonitorNotReady"
AWAY = {"history_available": False}
HOLD_SECONDS = 600.0
"""Of the rule CeleryMonitorNotReady."""


class Side:
    """A monitor with what it sees, and the way to its database."""

    def __init__(self, world: World, history: History, network: Proxy) -> None:
        self.world, self.history, self.network = world, history, network
        self.keeper: AlertKeeper = world.keeper(history)

    async def passes(self, seconds: float = 2 * PAUSE_SECONDS) -> None:
        """As time passes in the real loop: a longer step is a monitor that stood still."""
        for _ in range(int(seconds / EVALUATE_SECONDS)):
            await self.world.passes(self.keeper, EVALUATE_SECONDS)


@pytest.fixture
async def sides(postgres: PostgresServer, options: HistoryOptions) -> AsyncIterator[list[Side]]:
    """Two monitors with one database, each behind a proxy, and with one channel."""
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(2):
            network = stack.enter_context(proxy(postgres.port))
            url = f"postgresql://postgres:secret@127.0.0.1:{network.port}/postgres"
            history = await History.open(url, options)
            stack.push_async_callback(history.close)
            found.append(Side(World(options.schema), history, network))
        found[1].world.chat = found[0].world.chat
        found[1].keeper = found[1].world.keeper(found[1].history)
        yield found


async def cut_off(first: Side, second: Side) -> None:
    """The first one has the duty and cannot renew it; the second one takes over."""
    await first.passes()
    first.network.go_down()
    async with second.history.changing() as session:
        await session.execute(f'UPDATE "{second.world.schema}".leases SET expires = 0')
    await second.passes()
    await first.passes()


async def test_a_monitor_that_is_cut_off_reports_what_begins_and_so_does_the_other(sides: list[Side]) -> None:
    first, second = sides
    first.world.seen = second.world.seen = OWN
    await cut_off(first, second)
    # What was reported before the cut is not reported again.
    assert first.world.chat.got == [FIRING]
    first.world.seen = second.world.seen = {**OWN, "stuck": {"shop.pay": 1}}
    for side in sides:
        await side.passes(3 * PAUSE_SECONDS)
    assert first.world.chat.got == [FIRING, *[("CeleryTasksStuck", "firing")] * 2]
    first.network.come_up()
    await first.passes()
    assert first.keeper.known == ()
    first.world.seen = second.world.seen = {}
    await first.passes()
    assert len(first.world.chat.got) == 3
    await second.passes()
    assert first.world.chat.got[3:] == [RESOLVED, ("CeleryTasksStuck", "resolved")]


async def test_the_end_of_what_only_the_monitor_that_was_cut_off_has_reported_is_reported(
    sides: list[Side],
) -> None:
    first, second = sides
    await cut_off(first, second)
    first.world.seen = AWAY
    await first.passes(HOLD_SECONDS + EVALUATE_SECONDS)
    assert first.world.chat.got == [(NOT_READY, "firing")]
    first.network.come_up()
    # The monitor knows that the other one has the duty, and still sees the alert.
    await first.passes()
    assert first.keeper.known == ()
    assert first.world.chat.got == [(NOT_READY, "firing")]
    first.world.seen = {}
    await first.passes()
    await second.passes()
    assert first.world.chat.got == [(NOT_READY, "firing"), (NOT_READY, "resolved")]


async def test_a_monitor_that_is_back_overwrites_nothing_before_it_has_asked_for_the_duty(
    sides: list[Side],
) -> None:
    first, second = sides
    await cut_off(first, second)
    first.world.seen = OWN
    await first.keeper.evaluate_once()
    first.network.come_up()
    delivery = first.keeper.delivery("chat")
    assert delivery is not None
    await first.keeper.send_once(delivery)
    assert first.world.chat.got == [FIRING]
    assert await second.history.alerts.delivered() == []
    assert await second.history.alerts.all() == []


async def test_a_monitor_that_gets_the_duty_back_repeats_nothing_that_it_has_reported_alone(
    sides: list[Side],
) -> None:
    first, second = sides
    await cut_off(first, second)
    first.world.seen = OWN
    await first.passes()
    first.network.come_up()
    await first.passes()
    assert (first.world.chat.got, first.keeper.known) == ([FIRING], ())
    await second.world.restarted(second.history)  # the lease has expired
    await first.passes()
    assert (first.world.chat.got, len(first.keeper.known)) == ([FIRING], 1)
    assert [one.key.rule for one in await second.history.alerts.delivered()] == [FIRING[0]]
    first.world.seen = {}
    await first.passes()
    assert first.world.chat.got == [FIRING, RESOLVED]


@pytest.mark.parametrize("state", ["pending", "firing"])
async def test_the_end_is_reported_although_the_other_monitor_has_stored_the_alert_and_stopped(
    sides: list[Side], state: str
) -> None:
    first, second = sides
    await cut_off(first, second)
    first.world.seen = AWAY
    await first.passes(HOLD_SECONDS + EVALUATE_SECONDS)
    first.network.come_up()
    await first.passes()
    second.world.seen = AWAY
    second.world.chat.refuses = True
    await second.passes(EVALUATE_SECONDS if state == "pending" else HOLD_SECONDS + EVALUATE_SECONDS)
    second.world.chat.refuses = False
    assert [one.state for one in await second.history.alerts.all()] == [state]
    await second.world.restarted(second.history)  # the lease has expired
    first.world.seen = {}
    await first.passes()
    assert first.world.chat.got == [(NOT_READY, "firing"), (NOT_READY, "resolved")]
