"""Blocking work beside the event loop: its result, its error, its hanging, and the end of the loop."""

import asyncio
import threading

import pytest

from celery_health.readers import one_thread
from celery_health.readers.one_thread import OneThread


async def test_the_result_and_the_error_of_the_work_come_back() -> None:
    thread: OneThread[int] = OneThread()
    assert await thread.run(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 // 0)
    assert await thread.run(lambda: 8) == 8


async def test_work_that_hangs_is_given_up_and_none_is_started_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(one_thread, "TOTAL_SECONDS", 0.05)
    thread: OneThread[bool] = OneThread()
    release, ended = threading.Event(), asyncio.Event()
    with pytest.raises(TimeoutError):
        await thread.run(lambda: release.wait(10))
    with pytest.raises(TimeoutError):
        await thread.run(lambda: True)
    thread.finally_run(ended.set)
    assert not ended.is_set()
    release.set()
    await asyncio.wait_for(ended.wait(), 10)
    assert await thread.run(lambda: True)


async def test_without_work_the_last_thing_is_done_at_once() -> None:
    done: list[str] = []
    OneThread[int]().finally_run(lambda: done.append("closed"))
    assert done == ["closed"]


def test_work_that_outlives_the_loop_troubles_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_thread, "TOTAL_SECONDS", 0.01)
    release = threading.Event()

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await OneThread[bool]().run(lambda: release.wait(10))

    asyncio.run(give_up())
    readers = [one for one in threading.enumerate() if one.name == "reader" and one.daemon]
    release.set()
    for reader in readers:
        reader.join(10)
        assert not reader.is_alive()
