"""Blocking work in threads: its result, its error, work that hangs, and the end of the loop."""

import asyncio
import threading

import pytest

from celery_health.threads import SingleThread


async def test_the_result_and_the_error_of_the_work_come_back() -> None:
    thread: SingleThread[int] = SingleThread(10)
    assert await thread.run(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 // 0)
    assert await thread.run(lambda: 8) == 8


async def test_work_that_hangs_times_out_and_no_second_thread_is_started() -> None:
    thread: SingleThread[bool] = SingleThread(0.05)
    release, ended = threading.Event(), asyncio.Event()
    with pytest.raises(TimeoutError):
        await thread.run(lambda: release.wait(10))
    with pytest.raises(TimeoutError):
        await thread.run(lambda: True)
    thread.run_at_end(ended.set)
    assert not ended.is_set()
    release.set()
    await asyncio.wait_for(ended.wait(), 10)
    thread._seconds = 10
    assert await thread.run(lambda: True)


async def test_without_work_the_last_thing_is_done_at_once() -> None:
    done: list[str] = []
    SingleThread[int](10).run_at_end(lambda: done.append("closed"))
    assert done == ["closed"]


def test_work_that_outlives_the_loop_ends_without_an_error(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await SingleThread[bool](0.01).run(lambda: release.wait(10))

    asyncio.run(give_up())
    readers = [one for one in threading.enumerate() if one.name == "reader" and one.daemon]
    release.set()
    for reader in readers:
        reader.join(10)
        assert not reader.is_alive()
    assert not caplog.records
