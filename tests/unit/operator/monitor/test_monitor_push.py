"""Pushes to a monitor: the newest one, at most one a second, and never in the way of a reconcile."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer
from msgspec import structs

from celery_health.wire.resource_push import (
    PODS_LENGTH,
    PUSH_BYTES,
    PUSH_PATH,
    RESOURCE_PUSH,
    PushedEvent,
    ResourcePush,
)
from celery_monitor.web.middleware import problems
from celery_monitor.web.push import PushReceiver
from celery_operator.act import monitor_push
from celery_operator.act.monitor_push import (
    PAUSE_SECONDS,
    REPEAT_SECONDS,
    DirectPushSink,
    MonitorPushes,
    Pods,
    PushError,
    encoded,
)
from celery_operator.api import names
from celery_operator.cache import Key
from celery_operator.kinds import Json
from tests.unit.wire import documents

TOKEN = "push-token"
KEY = Key("shop", "shop")


def push(**changes: Any) -> ResourcePush:
    return RESOURCE_PUSH.decode(documents.encoded(documents.push_document(**changes)))


def pod(name: str = "shop-monitor-1", component: str = names.COMPONENT_MONITOR, **status: Any) -> Json:
    labels = {names.LABEL_INSTANCE: "shop", names.LABEL_COMPONENT: component}
    metadata = {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "1", "labels": labels}
    return {"metadata": metadata, "status": {"phase": "Running", "podIP": "127.0.0.1", **status}}


def pods_of(*pods: Json) -> Pods:
    return lambda: list(pods)


@dataclass
class FakeSink:
    """Remembers what it was sent. ``error``: it takes nothing."""

    error: str = ""
    sent: list[tuple[str, str, str, ResourcePush]] = field(default_factory=list)

    async def send(self, pod: Json, path: str, body: bytes, token: str) -> bytes:
        self.sent.append((pod["metadata"]["name"], path, token, RESOURCE_PUSH.decode(body)))
        if self.error:
            raise PushError(self.error)
        return b""


class Pushes:
    """Pushes that run, with a clock and pauses that a test sets."""

    def __init__(self, sink: FakeSink, pods: Pods, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.paused: list[float] = []
        self.results: list[str] = []
        self.pushes = MonitorPushes(sink, pods, KEY, counted=self.results.append, clock=lambda: self.now)
        monkeypatch.setattr(asyncio, "sleep", self._pause)

    async def _pause(self, seconds: float) -> None:
        self.paused.append(seconds)

    async def offer(self, one: ResourcePush | None, prefix: str = "", token: str = TOKEN) -> None:
        """Offer it, and give the task its turns."""
        running = asyncio.create_task(self.pushes.run())
        self.pushes.offer(one, prefix, token)
        for _ in range(10):
            await asyncio.wait({running}, timeout=0.001)
        running.cancel()


@pytest.fixture
def sink() -> FakeSink:
    return FakeSink()


@pytest.fixture
def running(sink: FakeSink, monkeypatch: pytest.MonkeyPatch) -> Pushes:
    return Pushes(sink, pods_of(pod(), pod("shop-mail-1", names.COMPONENT_WORKER)), monkeypatch)


async def test_a_push_goes_to_the_monitor_alone(sink: FakeSink, running: Pushes) -> None:
    await running.offer(push(), "/celery")
    assert sink.sent == [("shop-monitor-1", f"/celery{PUSH_PATH}", TOKEN, push())]
    assert (running.results, running.paused) == (["taken"], [PAUSE_SECONDS])


async def test_what_says_nothing_new_is_sent_again_only_after_a_while(
    sink: FakeSink, running: Pushes
) -> None:
    await running.offer(push())
    await running.offer(push(taken_at=1_700_000_201.0))
    assert len(sink.sent) == 1
    running.now += REPEAT_SECONDS
    await running.offer(push(taken_at=1_700_000_210.0))
    assert len(sink.sent) == 2
    await running.offer(push(health="Degraded"))
    assert [one[3].health for one in sink.sent] == ["Healthy", "Healthy", "Degraded"]


async def test_a_failed_push_is_counted_and_sent_again_with_growing_pauses(
    sink: FakeSink, running: Pushes
) -> None:
    sink.error = "connection refused"
    for _ in range(5):
        await running.offer(push())
    assert running.results == ["failed"] * 5
    assert running.paused == [1.0, 2.0, 4.0, 5.0, 5.0]
    sink.error = ""
    await running.offer(push())
    assert (running.results[-1], running.paused[-1]) == ("taken", PAUSE_SECONDS)


async def test_a_new_monitor_gets_the_push_that_its_predecessor_had(
    sink: FakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    pods = [pod()]
    running = Pushes(sink, lambda: pods, monkeypatch)
    await running.offer(push())
    pods[:] = [pod("shop-monitor-2")]
    await running.offer(push())
    assert [name for name, *_ in sink.sent] == ["shop-monitor-1", "shop-monitor-2"]


@pytest.mark.parametrize("one", [pod(phase="Pending"), pod(podIP="")], ids=["pending", "no address"])
async def test_a_monitor_that_does_not_run_is_sent_nothing(
    one: Json, sink: FakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Pushes(sink, pods_of(one), monkeypatch).offer(push())
    assert sink.sent == []


async def test_without_a_monitor_or_a_token_nothing_is_sent(sink: FakeSink, running: Pushes) -> None:
    await running.offer(None)
    await running.offer(push(), token="")
    assert sink.sent == []


async def test_an_error_of_our_own_does_not_end_the_pushes(
    sink: FakeSink, running: Pushes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor_push, "encoded", lambda _: 1 / 0)
    await running.offer(push())
    monkeypatch.undo()
    await running.offer(push())
    assert len(sink.sent) == 1


def test_a_push_is_cut_to_its_size_and_still_counts_everything() -> None:
    task = {"id": "x" * 250, "name": "y" * 250, "queue": "q" * 250}
    one = documents.pushed_pod()
    one["worker"] = {**one["worker"], "active": [task] * 5, "active_count": 5}
    small = push(pods=[one], pod_count=PODS_LENGTH)
    body = encoded(structs.replace(small, pods=small.pods * PODS_LENGTH))
    assert len(body) <= PUSH_BYTES
    cut = RESOURCE_PUSH.decode(body)
    assert cut.pod_count == PODS_LENGTH
    assert len(cut.pods) == PODS_LENGTH
    assert cut.pods[0].worker is not None
    assert cut.pods[0].worker.active == ()
    assert cut.pods[0].worker.active_count == 5


def test_a_push_that_is_too_large_without_any_pod_loses_its_events(monkeypatch: pytest.MonkeyPatch) -> None:
    event = PushedEvent(posted_at=1.0, type="Normal", reason="ScaledOut", message="m" * 200)
    large = structs.replace(push(), events=(event,) * 20)
    monkeypatch.setattr(monitor_push, "PUSH_BYTES", 1000)
    cut = RESOURCE_PUSH.decode(encoded(large))
    assert (cut.pods, cut.events, cut.alerts) == ((), (), ())
    assert cut.pod_count == large.pod_count


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[BaseTestServer, list[ResourcePush]]]:
    taken: list[ResourcePush] = []
    app = web.Application(middlewares=[problems])
    app.router.add_post(PUSH_PATH, PushReceiver(token=TOKEN, take=taken.append).handle)
    async with TestServer(app) as server:
        yield server, taken


async def test_a_real_monitor_takes_what_the_operator_sends(
    receiver: tuple[BaseTestServer, list[ResourcePush]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, taken = receiver
    monkeypatch.setattr(monitor_push, "MONITOR_PORT", server.port)
    async with aiohttp.ClientSession() as session:
        sink = DirectPushSink(session)
        await sink.send(pod(), PUSH_PATH, encoded(push()), TOKEN)
        assert taken == [push()]
        with pytest.raises(PushError, match="HTTP 401"):
            await sink.send(pod(), PUSH_PATH, encoded(push()), "another")
        with pytest.raises(PushError, match="HTTP 404"):
            await sink.send(pod(), f"/celery{PUSH_PATH}", encoded(push()), TOKEN)
    assert len(taken) == 1
