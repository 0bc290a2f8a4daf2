"""Alerts and what was delivered of them in the database; and the monitors that share it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from celery_monitor.alerts.delivery import PAUSE_SECONDS
from celery_monitor.alerts.keeper import AlertKeeper
from celery_monitor.alerts.messages import MOST_IN_A_MESSAGE
from celery_monitor.history import History, HistoryOptions, HistoryUnavailableError
from celery_monitor.records.alerts import (
    AlertKey,
    AlertRecord,
    AlertState,
    Delivered,
)
from tests.integration.monitor.history.alerts.world import FIRING, LOSES, OWN, REPEAT, RESOLVED, World
from tests.unit.monitor.alerts.worlds import NOW

BLIND = AlertKey("CeleryMonitorBlind")
STRANGE = AlertKey("CeleryHighQueueDepth", (("queue", 'ä"\0\ud800,'),))


def record(key: AlertKey = BLIND, **known: Any) -> AlertRecord:
    given = {"state": AlertState.FIRING, "began": NOW, "seen": NOW, "fired": NOW, "value": 1.5, **known}
    return AlertRecord(key=key, **given)


async def test_alerts_are_kept_changed_and_forgotten_with_what_was_reported(history: History) -> None:
    alerts = history.alerts
    strange = record(STRANGE, summary="Long", description="A queue is long.")
    delivered = [
        Delivered(channel=channel, key=key, fired=NOW, resolved=False, at=NOW + 1)
        for channel in ("mail", "chat")
        for key in (BLIND, STRANGE)
    ]
    await alerts.change([record(), strange], [])
    await alerts.note_delivered(delivered)
    ended = record(state=AlertState.RESOLVED, ended=NOW + 5)
    await alerts.change([ended], [STRANGE])
    await alerts.note_delivered([Delivered(channel="mail", key=BLIND, fired=NOW, resolved=True, at=NOW + 6)])
    assert await alerts.all() == [ended]
    assert {(one.channel, one.resolved) for one in await alerts.delivered()} == {
        ("mail", True),
        ("chat", False),
    }
    await alerts.change([strange], [])
    assert strange in await alerts.all()


async def test_an_alert_is_reported_once_and_its_end_once(keeper: AlertKeeper, world: World) -> None:
    world.seen = OWN
    for _ in range(30):
        await world.passes(keeper)
    assert world.chat.got == [FIRING]
    world.seen = {}
    for _ in range(30):
        await world.passes(keeper)
    assert world.chat.got == [FIRING, RESOLVED]


async def test_the_end_is_reported_although_the_condition_came_back_before(
    keeper: AlertKeeper, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "celery_monitor.alerts")
    blind = ("CeleryMonitorBlind", "firing")
    world.seen = {"blind": True}
    for _ in range(31):
        await world.passes(keeper)
    assert world.chat.got == [blind]
    # The channel is not free until the condition has ended, come back, and ended again.
    for seen in ({}, {"blind": True}, {}):
        world.seen = seen
        await world.passes(keeper)
    for _ in range(6):
        await world.passes(keeper)
    assert world.chat.got == [blind, ("CeleryMonitorBlind", "resolved")]
    words = [one.getMessage().partition(":")[0] for one in caplog.records if "the alert" in one.getMessage()]
    assert words == ["the alert CeleryMonitorBlind fires", "the alert CeleryMonitorBlind is resolved"]


async def test_the_end_is_reported_while_the_alert_is_pending_again(
    keeper: AlertKeeper, world: World
) -> None:
    blind, expected = {"blind": True}, [("CeleryMonitorBlind", "firing"), ("CeleryMonitorBlind", "resolved")]
    for world.seen in (*[blind] * 31, {}, *[blind] * 6):
        await world.passes(keeper)
    assert [one.state for one in keeper.known] == [AlertState.PENDING]
    assert world.chat.got == expected
    for world.seen in ({},) * 7:
        await world.passes(keeper)
    assert [one.state for one in keeper.known] == [AlertState.RESOLVED]
    assert world.chat.got == expected


async def test_alerts_within_a_minute_are_reported_together(keeper: AlertKeeper, world: World) -> None:
    world.seen = OWN
    await world.passes(keeper)
    world.seen = {**OWN, "stuck": {"shop.pay": 1}, "blind": True}
    for _ in range(31):
        await world.passes(keeper)
    assert world.chat.got == [FIRING, ("CeleryTasksStuck", "firing"), ("CeleryMonitorBlind", "firing")]


async def test_a_message_has_a_limit_and_says_how_many_alerts_are_left(
    keeper: AlertKeeper, world: World
) -> None:
    world.seen = {"stuck": {f"shop.task_{number}": 1 for number in range(2 * MOST_IN_A_MESSAGE + 20)}}
    for _ in range(31):
        await world.passes(keeper)
    full = MOST_IN_A_MESSAGE
    assert world.chat.sizes == [(full, full + 20), (full, 20), (20, 0)]
    assert len(set(world.chat.got)) == 1


async def test_a_restart_neither_repeats_nor_forgets(history: History, world: World) -> None:
    world.seen = {**OWN, "blind": True}
    await world.passes(await world.restarted(history))
    await world.passes(await world.restarted(history), 290)
    assert world.chat.got == [FIRING]
    await world.passes(await world.restarted(history), 20)
    assert world.chat.got == [FIRING, ("CeleryMonitorBlind", "firing")]
    world.seen = {}
    await world.passes(await world.restarted(history), 10)
    await world.passes(await world.restarted(history), 10)
    assert world.chat.got[2:] == [RESOLVED, ("CeleryMonitorBlind", "resolved")]


async def test_an_alert_that_lasts_is_reported_again_after_the_repeat_interval(
    keeper: AlertKeeper, world: World
) -> None:
    world.seen = OWN
    await world.passes(keeper)
    await world.passes(keeper, REPEAT - 1)
    assert world.chat.got == [FIRING]
    await world.passes(keeper, 1)
    assert world.chat.got == [FIRING, FIRING]


async def test_a_channel_that_fails_is_tried_again_with_what_is_true_then(
    keeper: AlertKeeper, world: World
) -> None:
    world.chat.refuses = True
    world.seen = {**OWN, "stuck": {"shop.pay": 1}}
    for _ in range(20):
        await world.passes(keeper)
    status = keeper.channels[0]
    assert (status.problem, status.sent) == ("The receiver answered 500.", 0)
    assert 2 < status.failed < 6, "the pauses grow"
    world.chat.refuses, world.seen = False, OWN
    await world.passes(keeper, 600)
    assert world.chat.got == [FIRING]
    assert keeper.channels[0].problem is None


@asynccontextmanager
async def two_histories(database_url: str, options: HistoryOptions) -> AsyncIterator[list[History]]:
    """Those of two monitors with one database."""
    async with AsyncExitStack() as stack:
        histories = [await History.open(database_url, options) for _ in range(2)]
        for history in histories:
            stack.push_async_callback(history.close)
        yield histories


async def test_one_of_several_monitors_reports_and_another_takes_over(
    database_url: str, options: HistoryOptions, world: World
) -> None:
    if database_url.startswith("sqlite"):
        return  # a file belongs to one monitor
    async with two_histories(database_url, options) as histories:
        first, second = (world.keeper(history) for history in histories)
        world.seen = OWN
        await world.passes(first)
        await world.passes(second)
        assert world.chat.got == [FIRING]
        assert [one.key.rule for one in await second.alerts()] == [LOSES]
        assert (len(first.known), len(second.known)) == (1, 0)
        await world.restarted(histories[0])  # the lease has expired
        await world.passes(second, 2 * PAUSE_SECONDS)
        await world.passes(first, 2 * PAUSE_SECONDS)
        assert world.chat.got == [FIRING]
        assert (len(first.known), len(second.known)) == (0, 1)
        world.seen = {}
        await world.passes(second)
        assert world.chat.got == [FIRING, RESOLVED]


async def test_a_monitor_that_stood_still_sends_nothing_that_another_has_sent(
    database_url: str, options: HistoryOptions, world: World
) -> None:
    if database_url.startswith("sqlite"):
        return  # a file belongs to one monitor
    async with two_histories(database_url, options) as histories:
        first, second = (world.keeper(history) for history in histories)
        world.seen, world.chat.refuses = OWN, True
        await world.passes(first)
        await world.restarted(histories[0])  # the lease has expired
        world.chat.refuses = False
        await world.passes(second, 2 * PAUSE_SECONDS)
        assert world.chat.got == [FIRING]
        delivery = first.delivery("chat")
        assert delivery is not None
        await first.send_once(delivery)
        await world.restarted(histories[1])
        await world.passes(first)
        assert len(first.known) == 1
        assert world.chat.got == [FIRING]


async def test_a_database_that_is_away_stops_no_alert(
    history: History, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = world.keeper(history)
    await world.passes(keeper)

    async def away(*_arguments: object) -> None:
        raise HistoryUnavailableError("The database does not answer.")

    for name in ("change", "note_delivered", "silences"):
        monkeypatch.setattr(history.alerts, name, away)
    world.seen = OWN
    await world.passes(keeper)
    assert world.chat.got == [FIRING]
    monkeypatch.undo()
    await world.passes(keeper)
    await world.passes(await world.restarted(history), PAUSE_SECONDS)
    assert world.chat.got == [FIRING]


async def test_the_loop_evaluates_and_sends_until_it_is_cancelled(history: History, world: World) -> None:
    world.seen = OWN
    running = asyncio.create_task(world.keeper(history).run())
    async with asyncio.timeout(60):
        await world.chat.delivered.wait()
    running.cancel()
    await asyncio.wait({running})
    assert world.turns >= 1
