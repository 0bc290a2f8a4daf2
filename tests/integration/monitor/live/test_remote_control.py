"""Questions and orders to a real worker."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import wait_for_async

from celery_health.survey.app_connection import resolve
from celery_monitor.live.inspection import inspect
from celery_monitor.remote_control import remote_control
from celery_monitor.remote_control.remote_control import RemoteControl, RemoteControlError
from tests.integration.monitor.live.harness import worker


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


def broadcasts(broker: str) -> int:
    with Redis.from_url(broker) as client:
        return int(client.info("commandstats").get("cmdstat_publish", {}).get("calls", 0))


async def test_questions_are_shared_and_orders_answered_or_refused(
    server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = server.url
    remote = RemoteControl(resolve(None, None, broker, None, {}))
    options = ["--without-heartbeat", "--without-gossip", "--without-mingle", "--pool", "threads"]
    with worker(tmp_path, broker, options):

        async def answers() -> bool:
            try:
                return "w1@test" in (await remote.ask(["ping"]))["ping"]
            except RemoteControlError:
                return False

        await wait_for_async(answers, 90, lambda: remote.error)
        # A busy machine may hold up the worker. Questions to named workers end with the last answer.
        monkeypatch.setattr(remote_control, "ANSWER_SECONDS", 10.0)
        monkeypatch.setattr(remote_control, "_ASKING_SECONDS", 14.0)

        before = broadcasts(broker)
        both = await asyncio.gather(*(remote.ask(["ping", "stats"], ["w1@test"]) for _ in range(2)))
        assert broadcasts(broker) - before == 2  # one for each command
        assert both[0] == both[1]
        assert both[0]["ping"] == {"w1@test": {"ok": "pong"}}
        assert await remote.order("enable_events", names=[], answered=False) == {}
        assert broadcasts(broker) - before == 2  # Celery would have sent it to all workers

        typed = (await inspect(remote, ["w1@test", "gone@test"]))["w1@test"]
        assert (typed.slots, typed.queues) == (2, ("celery",))

        order = {"task_name": "shop.nap", "rate_limit": "10/m"}
        assert "ok" in (await remote.order("rate_limit", order, ["w1@test"]))["w1@test"]
        refused = await remote.order("rate_limit", {**order, "task_name": "nope"}, ["w1@test"])
        assert set(refused["w1@test"]) == {"error"}
        typed = (await inspect(remote, ["w1@test"]))["w1@test"]
        assert typed.rate_limits == {"shop.nap": "10/m"}

        server.pause()
        with pytest.raises(RemoteControlError):
            await remote.ask(["ping"])
        with pytest.raises(RemoteControlError):
            await remote.order("rate_limit", order, ["w1@test"])
        server.resume()
        await wait_for_async(answers, 90, lambda: remote.error)
        assert remote.error is None
    await remote.close()
