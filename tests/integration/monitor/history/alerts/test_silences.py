"""Silences in the database, and what they mean to the monitors that share it."""

import pytest

from celery_monitor.alerts.keeper import AlertKeeper
from celery_monitor.history import History, HistoryUnavailableError
from celery_monitor.records.alerts import Silence, SilenceMatcher
from tests.integration.monitor.history.alerts.world import FIRING, OWN, World
from tests.unit.monitor.alerts.worlds import NOW


def silence(name: str = "s1", until: float = NOW + 60) -> Silence:
    return Silence(
        id=name,
        matchers=(SilenceMatcher(label="alertname", value="Celery*"),),
        at=NOW,
        until=until,
        comment="maintenance",
        identity="ada",
    )


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


async def test_a_silenced_alert_is_reported_when_the_silence_ends(keeper: AlertKeeper, world: World) -> None:
    assert await keeper.add_silence(silence(until=NOW + 100))
    world.seen = OWN
    await world.passes(keeper)
    assert world.chat.got == []
    assert await keeper.end_silence("s1")
    await world.passes(keeper)
    assert world.chat.got == [FIRING]


async def test_a_silence_of_another_monitor_can_be_ended(
    history: History, keeper: AlertKeeper, world: World
) -> None:
    await world.passes(keeper)
    await history.alerts.add_silence(silence())
    assert await keeper.end_silence("s1") == silence()
    assert await keeper.end_silence("s1") is None


async def test_a_silence_that_is_stored_counts_although_the_database_goes_away(
    history: History, keeper: AlertKeeper, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.passes(keeper)

    async def away(*_arguments: object) -> None:
        raise HistoryUnavailableError("The database does not answer.")

    monkeypatch.setattr(history.alerts, "silences", away)
    assert await keeper.add_silence(silence())
    world.seen = OWN
    await world.passes(keeper)
    assert world.chat.got == []
    assert await keeper.silences() == [silence()]
