"""A watch that brings nothing any more, and ends that it did not bring: a real server rarely shows them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from tools.testbed.waiting import wait_for_async

from celery_operator.cache import Cache, Key
from celery_operator.kinds import CELERY_DEPLOYMENT, Json, Kind
from celery_operator.process.flags import parse
from celery_operator.process.server import STUCK_AFTER_SECONDS, Health
from celery_operator.watchdog import Watchdog


def shop(version: int, uid: str = "1") -> dict[str, Any]:
    return {"metadata": {"namespace": "ns", "name": "shop", "uid": uid, "resourceVersion": str(version)}}


class Lists:
    """What a LIST gives."""

    def __init__(self, *resources: Json) -> None:
        self.resources = list(resources)
        self.lists = 0

    async def was_asked(self) -> bool:
        return self.lists > 0

    async def list(
        self, kind: Kind, namespace: str | None, selector: str = "", *, metadata_only: bool = False
    ) -> AsyncIterator[Json]:
        self.lists += 1
        for body in self.resources if kind is CELERY_DEPLOYMENT else []:
            yield body


class Ends:
    """A fleet that only remembers which resources are gone."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self.gone: list[str] = []

    def lost(self, kind: Kind, body: Json) -> None:
        self.gone.append(body["metadata"]["uid"])
        self.cache.remove(kind, body)


async def turn(lists: Lists, cache: Cache) -> tuple[Watchdog, Ends]:
    """One comparison."""
    settings = replace(parse(["run"], {}), resync_seconds=0, watch_grace_seconds=0)
    watchdog, ends = Watchdog(lists, cache, settings), Ends(cache)  # type: ignore[arg-type]
    await watchdog._compare(ends)  # type: ignore[arg-type]
    return watchdog, ends


async def test_a_watch_that_lacks_a_listed_change_is_silent() -> None:
    cache = Cache()
    cache.put(CELERY_DEPLOYMENT, shop(5), watched=True)

    watchdog, _ = await turn(Lists(shop(6)), cache)

    assert "the watch of celerydeployments is silent" in watchdog.silent


async def test_our_own_write_does_not_make_a_silent_watch_appear_alive() -> None:
    cache = Cache()
    cache.put(CELERY_DEPLOYMENT, shop(5), watched=True)
    cache.put(CELERY_DEPLOYMENT, shop(6), watched=False)

    watchdog, _ = await turn(Lists(shop(6)), cache)

    assert watchdog.silent


async def test_a_watch_that_brought_everything_is_not_silent() -> None:
    cache = Cache()
    cache.put(CELERY_DEPLOYMENT, shop(6), watched=True)

    watchdog, ends = await turn(Lists(shop(6)), cache)

    assert (watchdog.silent, ends.gone) == ("", [])


async def test_recent_deletions_are_read_only_for_what_the_watch_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = Cache()
    cache.put(CELERY_DEPLOYMENT, shop(3), watched=True)
    asked: list[str] = []

    def is_gone(_: Cache, uid: str) -> bool:
        asked.append(uid)
        return False

    monkeypatch.setattr(Cache, "is_gone", is_gone)
    await turn(Lists(shop(3)), cache)
    assert asked == []


async def test_what_a_list_lacks_is_forgotten() -> None:
    cache = Cache()
    cache.put(CELERY_DEPLOYMENT, shop(6), watched=True)

    watchdog, ends = await turn(Lists(), cache)

    assert (watchdog.silent, ends.gone) == ("", ["1"])
    assert cache.resource(Key("ns", "shop")) is None


async def test_the_caches_are_filled_from_lists() -> None:
    cache = Cache()

    await Watchdog(Lists(shop(3)), cache, parse(["run"], {})).fill()  # type: ignore[arg-type]

    assert cache.resources() == [Key("ns", "shop")]


async def test_it_reconciles_again_when_asked() -> None:
    lists = Lists()
    settings = parse(["run"], {})
    watchdog = Watchdog(lists, Cache(), settings)  # type: ignore[arg-type]
    running = asyncio.create_task(watchdog.run(Ends(Cache())))  # type: ignore[arg-type]

    watchdog.ask()
    await wait_for_async(lists.was_asked, describe="a LIST")
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running


def test_a_loop_that_does_not_come_round_is_a_failure() -> None:
    health = Health()
    health.ages = lambda: {Key("ns", "shop"): STUCK_AFTER_SECONDS + 1, Key("ns", "other"): 1}

    assert health.failure() == f"loops that do not come round: ns/shop ({STUCK_AFTER_SECONDS + 1:.0f} s)"


def test_a_process_that_stands_by_is_alive() -> None:
    assert Health().failure() == ""
