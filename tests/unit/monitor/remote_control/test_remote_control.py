"""Remote control with brokers that do not answer: bounded, and never in the way of the event loop."""

import asyncio
import threading
from dataclasses import replace

import pytest

from celery_health.survey.app_connection import AppConnection, resolve
from celery_monitor.live.inspection import inspect
from celery_monitor.remote_control import connecting, remote_control, turns
from celery_monitor.remote_control.remote_control import RemoteControl, RemoteControlError
from celery_monitor.remote_control.turns import TooManyError, Turns
from tests.unit.monitor.remote_control.silent_broker import silent_broker


def connection(url: str) -> AppConnection:
    return resolve(None, None, url, None, {})


async def test_a_broker_that_hangs_is_an_error_for_all_that_ask_and_the_loop_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connecting, "SECONDS", 2.0)
    monkeypatch.setattr(remote_control, "_THREAD_SECONDS", 60.0)
    async with silent_broker() as broker:
        remote = RemoteControl(connection(broker.url))
        turned = 0

        async def turn() -> None:
            nonlocal turned
            while True:
                turned += 1
                await asyncio.sleep(0.01)

        loop_turns = asyncio.create_task(turn())
        asked = [remote.ask(("ping",)) for _ in range(3)]
        results = await asyncio.gather(*asked, return_exceptions=True)
        loop_turns.cancel()
    assert [type(one) for one in results] == [RemoteControlError] * 3
    assert remote.error == str(results[0])
    assert "Timeout" in remote.error
    assert turned > 5


async def test_the_typed_view_of_a_broker_that_hangs_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "SECONDS", 0.5)
    async with silent_broker() as broker:
        assert await inspect(RemoteControl(connection(broker.url)), ["w1@a"]) == {}


async def test_equal_questions_of_the_same_time_are_one_and_a_caller_that_leaves_cancels_none() -> None:
    calls: list[str] = []
    asked, loop = asyncio.Event(), asyncio.get_running_loop()

    class Remote(RemoteControl):
        def _ask(self, commands: tuple[str, ...], names: tuple[str, ...] | None) -> dict[str, dict[str, str]]:
            calls.append(commands[0])
            loop.call_soon_threadsafe(asked.set)
            assert release.wait(60)
            return {commands[0]: {"w1@a": "pong"}}

    release = threading.Event()
    remote = Remote(connection("redis://127.0.0.1:1/0"))
    first, second = (asyncio.create_task(remote.ask(["ping"])) for _ in range(2))
    other = asyncio.create_task(remote.ask(["ping"], ["w1@a"]))
    await asked.wait()
    first.cancel()
    release.set()
    assert await second == await other == {"ping": {"w1@a": "pong"}}
    assert calls == ["ping", "ping"]
    assert first.cancelled()
    assert remote.error is None


async def test_an_order_does_not_wait_for_a_question() -> None:
    class Remote(RemoteControl):
        def _ask(self, *_: object) -> dict[str, dict[str, str]]:
            assert ordered.wait(60)
            return {}

        def _order(self, *_: object, **__: object) -> dict[str, str]:
            return {"w1@a": "ok"}

    ordered = threading.Event()
    remote = Remote(connection("redis://127.0.0.1:1/0"))
    question = asyncio.create_task(remote.ask(["ping"]))
    await asyncio.sleep(0)
    assert await remote.order("pool_grow", {"n": 1}, ["w1@a"]) == {"w1@a": "ok"}
    assert not question.done()
    ordered.set()
    assert await question == {}


async def test_an_order_to_no_worker_goes_to_no_worker() -> None:
    async with silent_broker() as broker:
        assert await RemoteControl(connection(broker.url)).order("enable_events", names=[]) == {}
    assert broker.connections == 0


async def test_an_application_without_remote_control_is_not_asked() -> None:
    remote = RemoteControl(replace(connection("redis://127.0.0.1:1/0"), remote_control=False))
    with pytest.raises(RemoteControlError, match="worker_enable_remote_control = False"):
        await remote.ask(["ping"])
    with pytest.raises(RemoteControlError, match="worker_enable_remote_control = False"):
        await remote.order("enable_events", answered=False)


async def test_the_callers_that_wait_for_a_turn_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MAX_WAITING", 2)
    release, one = threading.Event(), Turns(60)
    running = [asyncio.create_task(one.run(lambda: release.wait(60))) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyError):
        await one.run(lambda: None)
    release.set()
    assert await asyncio.gather(*running) == [True, True]
    assert await one.run(lambda: "free again") == "free again"


async def test_work_that_hangs_is_given_up_and_no_second_thread_begins() -> None:
    release, one = threading.Event(), Turns(0.05)
    with pytest.raises(TimeoutError):
        await one.run(lambda: release.wait(60))
    with pytest.raises(TimeoutError):
        await one.run(lambda: pytest.fail("a second thread"))
    release.set()
