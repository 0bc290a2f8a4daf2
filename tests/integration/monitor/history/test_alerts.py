"""Alerts, what was delivered of them, and silences in the database; and the monitors that share it."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from celery_health.alerts import RULES
from celery_monitor.alerts.delivery import PAUSE_SECONDS
from celery_monitor.alerts.keeper import AlertKeeper
from celery_monitor.alerts.notification import ChannelError, Notification
from celery_monitor.alerts.snapshot import AlertSnapshot
from celery_monitor.alerts.wording import Wording
from celery_monitor.history import History, HistoryOptions, HistoryUnavailableError
from celery_monitor.records.alerts import (
    AlertKey,
    AlertRecord,
    AlertState,
    Delivered,
    Silence,
    SilenceMatcher,
)
from tests.unit.monitor.alerts.worlds import NOW, snapshot

BLIND = AlertKey("CeleryMonitorBlind")
STRANGE = AlertKey("CeleryHighQueueDepth", (("queue", 'ä"\0\ud800,'),))
REPEAT = 3_600.0


def record(key: AlertKey = BLIND, **known: Any) -> AlertRecord:
    given = {"state": AlertState.FIRING, "began": NOW, "seen": NOW, "fired": NOW, "value": 1.5, **known}
    return AlertRecord(key=key, **given)


def silence(name: str = "s1", until: float = NOW + 60) -> Silence:
    return Silence(
        id=name,
        matchers=(SilenceMatcher(label="alertname", value="Celery*"),),
        at=NOW,
        until=until,
        comment="maintenance",
        identity="ada",
    )


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


async def test_a_silence_is_kept_until_its_end(history: History) -> None:
    alerts = history.alerts
    assert await alerts.add_silence(silence())
    assert await alerts.add_silence(silence("s2", NOW + 120))
    assert await alerts.silences(NOW) == [silence(), silence("s2", NOW + 120)]
    assert [one.id for one in await alerts.silences(NOW + 60)] == ["s2"]
    assert await alerts.delete_silence("s2")
    assert not await alerts.delete_silence("s2")


async def test_silences_have_a_limit(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celery_monitor.history.requests.alerts.MOST_SILENCES", 1)
    assert await history.alerts.add_silence(silence())
    assert not await history.alerts.add_silence(silence("s2"))


class Chat:
    """A channel that keeps what it gets, or refuses it."""

    name = "chat"

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.delivered = asyncio.Event()
        self.refuses = False

    async def send(self, notification: Notification) -> None:
        if self.refuses:
            raise ChannelError("The receiver answered 500.")
        self.got += [(alert.rule, alert.status) for alert in notification.alerts]
        self.delivered.set()


class World:
    """A clock, what the monitor sees, and one channel of all monitors."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        self.now = NOW
        self.seen: dict[str, Any] = {}
        self.chat = Chat()
        self.turns = 0

    def turn(self) -> None:
        self.turns += 1

    async def snapshot(self) -> AlertSnapshot:
        return snapshot(**{**self.seen, "now": self.now})

    def keeper(self, history: History) -> AlertKeeper:
        return AlertKeeper(
            history, self, [self.chat], Wording, rules=RULES, repeat_seconds=REPEAT, clock=lambda: self.now
        )

    async def restarted(self, history: History) -> AlertKeeper:
        """A keeper after the lease of the one before has expired."""
        if not history.is_file:
            async with history.changing() as session:
                await session.execute(f'UPDATE "{self.schema}".leases SET expires = 0')
        return self.keeper(history)

    async def passes(self, keeper: AlertKeeper, seconds: float = 10.0) -> None:
        """Some time passes, and the keeper does what it does in that time."""
        self.now += seconds
        await keeper.evaluate_once()
        delivery = keeper.delivery("chat")
        assert delivery is not None
        await keeper.send_once(delivery)


LOSES, OWN = "CeleryMonitorLosesEvents", {"dropped": 1}
FIRING, RESOLVED = (LOSES, "firing"), (LOSES, "resolved")


@pytest.fixture
def world(options: HistoryOptions) -> World:
    return World(options.schema)


@pytest.fixture
def keeper(history: History, world: World) -> AlertKeeper:
    return world.keeper(history)


async def test_an_alert_is_reported_once_and_its_end_once(keeper: AlertKeeper, world: World) -> None:
    world.seen = OWN
    for _ in range(30):
        await world.passes(keeper)
    assert world.chat.got == [FIRING]
    world.seen = {}
    for _ in range(30):
        await world.passes(keeper)
    assert world.chat.got == [FIRING, RESOLVED]


async def test_alerts_within_a_minute_are_reported_together(keeper: AlertKeeper, world: World) -> None:
    world.seen = OWN
    await world.passes(keeper)
    world.seen = {**OWN, "stuck": {"shop.pay": 1}, "blind": True}
    for _ in range(31):
        await world.passes(keeper)
    assert world.chat.got == [FIRING, ("CeleryTasksStuck", "firing"), ("CeleryMonitorBlind", "firing")]


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


async def test_a_silenced_alert_is_reported_when_the_silence_ends(keeper: AlertKeeper, world: World) -> None:
    assert await keeper.add_silence(silence(until=NOW + 100))
    world.seen = OWN
    await world.passes(keeper)
    assert world.chat.got == []
    assert await keeper.end_silence("s1")
    await world.passes(keeper)
    assert world.chat.got == [FIRING]


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


async def test_one_of_several_monitors_reports_and_another_takes_over(
    database_url: str, options: HistoryOptions, world: World
) -> None:
    if database_url.startswith("sqlite"):
        return  # a file belongs to one monitor
    async with AsyncExitStack() as stack:
        histories = [await History.open(database_url, options) for _ in range(2)]
        for history in histories:
            stack.push_async_callback(history.close)
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
    async with asyncio.timeout(10):
        await world.chat.delivered.wait()
    running.cancel()
    await asyncio.wait({running})
    assert world.turns >= 1
