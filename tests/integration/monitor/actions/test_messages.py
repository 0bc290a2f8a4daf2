"""Waiting messages on Redis, and orders to a worker."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from redis import Redis
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from celery_health.survey.app_connection import resolve
from celery_monitor.control.messages import redis as messages
from celery_monitor.control.messages.requests import MessageRequests
from celery_monitor.control.refused import RefusedError
from tests.integration.monitor.actions.harness import WAIT_SECONDS, World, change, until_known
from tests.integration.monitor.monitor_process import Monitor

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, redis: RedisServer) -> World:
    return World(tmp_path_factory.mktemp("world"), redis.database(0))


@pytest.fixture(scope="module")
def monitor(world: World) -> Iterator[Monitor]:
    with world.monitor() as running:
        yield running


def test_messages_are_shown_in_the_order_of_delivery_without_secrets(monitor: Monitor, world: World) -> None:
    low = world.send("jobs.note", "x" * 9000, queue="peek", priority=6)
    first = world.send("jobs.note", 1, queue="peek", kwargs={"password": "hunter2"})
    second = world.send("jobs.note", 2, queue="peek")
    until_known(monitor, "peek")
    shown = monitor.get("/queues/peek/messages")["messages"]
    assert [(one["task_id"], one["priority"], one["position"]) for one in shown] == [
        (first, 0, 0),
        (second, 0, 1),
        (low, 6, 2),
    ]
    assert "hunter2" not in str(shown)
    assert len(shown[2]["args"]) < 5000
    only = monitor.get("/queues/peek/messages?priority=6&limit=1")["messages"]
    assert [one["task_id"] for one in only] == [low]
    assert len(monitor.get("/queues/peek/messages")["messages"]) == 3


def test_one_message_is_removed_and_the_others_stay(monitor: Monitor, world: World) -> None:
    kept, removed = (
        world.send("jobs.note", 1, queue="one"),
        world.send("jobs.note", 2, queue="one", priority=9),
    )
    until_known(monitor, "one")
    assert change(monitor, f"/queues/one/messages/{removed}", method="DELETE") == (
        200,
        {"queue": "one", "removed": 1},
    )
    assert change(monitor, f"/queues/one/messages/{removed}", method="DELETE")[0] == 409
    assert [one["task_id"] for one in monitor.get("/queues/one/messages")["messages"]] == [kept]


async def test_a_message_behind_those_that_are_searched_is_not_said_to_be_elsewhere(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "MAX_MESSAGES", 2)
    url = redis.database(2)
    with Celery(broker=url, set_as_current=False) as app:
        ids = [app.send_task("jobs.note", queue="long").id for _ in range(4)]
    requests = MessageRequests(resolve(None, None, url, None, {}), time.time)
    with pytest.raises(RefusedError, match=r"not among the next .* 2 messages behind them"):
        await requests.remove("long", ids[3])
    await requests.remove("long", ids[1])
    await requests.remove("long", ids[2])
    with pytest.raises(RefusedError, match="no message of the task"):
        await requests.remove("long", ids[1])


def test_a_purge_removes_no_more_than_was_confirmed(monitor: Monitor, world: World) -> None:
    world.send("jobs.note", 1, queue="full")
    world.send("jobs.note", 1, queue="other")
    until_known(monitor, "full")
    until_known(monitor, "other")
    dry = change(monitor, "/queues/full/purge", {"dry_run": True})[1]
    world.send("jobs.note", 2, queue="full", priority=3)
    status, refused = change(monitor, "/queues/full/purge", {"confirmation": dry["confirmation"]})
    assert (status, "2 messages now" in refused["detail"]) == (409, True)
    dry = change(monitor, "/queues/full/purge", {"dry_run": True})[1]
    confirmation = {"confirmation": dry["confirmation"]}
    assert change(monitor, "/queues/other/purge", confirmation)[0] == 409
    assert change(monitor, "/queues/full/purge", {"confirmation": "7.7.7.7"})[0] == 409
    assert change(monitor, "/queues/full/purge", {})[0] == 422
    assert change(monitor, "/queues/_kombu.binding.celery/purge", {"dry_run": True})[0] == 404
    assert monitor.request("/api/automation/monitoring/queues/any-list/messages")[0] == 404
    assert change(monitor, "/queues/full/purge", confirmation)[1]["removed"] == 2
    assert change(monitor, "/queues/full/purge", confirmation)[0] == 409


async def test_a_confirmation_that_comes_twice_at_the_same_time_purges_once(redis: RedisServer) -> None:
    url = redis.database(1)
    with Redis.from_url(url) as client:
        client.lpush("twice", "1", "2")
    requests = MessageRequests(resolve(None, None, url, None, {}), time.time)
    plan = await requests.plan_purge("twice")
    first, second = await asyncio.gather(
        *(requests.purge("twice", plan.confirmation) for _ in range(2)), return_exceptions=True
    )
    assert (first, type(second)) == (2, RefusedError)


def ordered(monitor: Monitor, path: str, body: Any) -> Any:
    """The answer of the worker. Redis on a busy machine may not take the order in time."""
    found = wait_for(lambda: change(monitor, path, body)[1].get("answers"), WAIT_SECONDS, monitor.text)
    (answer,) = found
    return answer


def test_a_worker_obeys_orders_and_its_answers_are_reported(monitor: Monitor, world: World) -> None:
    assert change(monitor, "/tasks/names/jobs.note/rate-limit", {"rate": "10/m"})[0] == 409
    with world.worker("w1", "-P", "prefork"):
        wait_for(
            lambda: (monitor.request("/api/automation/monitoring/workers/w1@test")[1] or {}).get("queues"),
            WAIT_SECONDS,
        )
        for path, body in (
            ("/workers/w1@test/pool", {"grow": 1}),
            ("/workers/w1@test/consumers", {"add": "mail"}),
            ("/tasks/names/jobs.note/rate-limit", {"rate": "10/m"}),
            ("/tasks/names/jobs.note/time-limit", {"soft": 10, "hard": 20}),
        ):
            answer = ordered(monitor, path, body)
            # A worker on a busy machine may answer too late.
            assert answer["result"] in {"ok", "no answer"}, answer
        unknown = ordered(monitor, "/tasks/names/none/rate-limit", {"rate": "1/s"})
        assert unknown["result"] in {"error", "no answer"}
        wait_for(
            lambda: "mail" in (monitor.get("/workers/w1@test")["queues"] or ()), WAIT_SECONDS, monitor.text
        )
        refused = change(monitor, "/workers/w1@test/consumers", {"cancel": "other"})
        assert (refused[0], "it consumes" in refused[1]["detail"]) == (409, True)
        assert change(monitor, "/workers/w1@test/pool", {"shrink": 900})[0] == 409
    assert change(monitor, "/workers/w1@test/pool", {"grow": 1, "shrink": 1})[0] == 422
