"""Which messages are in quarantine, and what becomes of them when they cannot be moved."""

import json
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kombu.common import QoS

from celery_health.wire import bounds
from celery_health.wire.orders import QuarantineBody
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker.quarantine import dead_letter, enforcement
from celery_probe.agent.worker.quarantine.order_file import OrderFile
from celery_probe.agent.worker.state import Worker
from celery_probe.sidecar.orders.quarantine_list import QuarantineList

LONG = "x" * 1024
ORDER = {"queue": "q", "ids": ["a"]}


class Message:
    """A message as kombu gives it. ``body`` is the decoded body."""

    acknowledged = False

    def __init__(self, headers: Any, body: Any = None) -> None:
        self.headers = headers
        self.delivery_tag = object()
        self._body = body

    @property
    def payload(self) -> Any:
        if isinstance(self._body, Exception):
            raise self._body
        return self._body


class Consumer:
    """The part of Celery's consumer that receives messages and has nothing reserved."""

    def __init__(self, kind: str) -> None:
        self.received: list[Any] = []
        self.pool = SimpleNamespace(__module__="celery.concurrency.prefork")
        self.timer = SimpleNamespace(_queue=[])
        self.task_buckets: dict[str, Any] = {}
        self.connection = SimpleNamespace(
            transport=SimpleNamespace(driver_type=kind), userid="shop", virtual_host="/"
        )
        self.qos = QoS(None, 1)
        self.app = SimpleNamespace(conf=SimpleNamespace())

    def create_task_handler(self) -> Any:
        return self.received.append


class Scene:
    """A consumer with a quarantine, and the sidecar's file."""

    def __init__(self, tmp_path: Path) -> None:
        (tmp_path / "run").mkdir()
        self.list = QuarantineList(tmp_path / "run")
        self.worker, self.errors = Worker(), ErrorLog()
        source = OrderFile(ReportDirectory(str(tmp_path)))
        self.stops = False
        self.quarantine = enforcement.Quarantine(self.worker, source, self.errors, lambda: self.stops)
        self.quarantine._guarded = True
        self.consumer = Consumer("unknown")

    def order(self, *ids: str) -> None:
        self.list.set(QuarantineBody("q", ids))

    def receive(self, *messages: Message) -> list[Any]:
        """Start the consumer, deliver the messages, and give those that came to Celery."""
        self.quarantine.start(self.consumer, lambda: None)
        handler = self.consumer.create_task_handler()
        for message in messages:
            handler(message)
        return self.consumer.received

    def enforce(self) -> None:
        self.quarantine.read()
        self.quarantine.enforce(self.consumer)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.mark.parametrize(
    ("headers", "body", "listed"),
    [
        ({"id": "a", "task": "t"}, None, True),
        ({"id": "b", "task": "t"}, {"id": "a"}, False),
        ({}, {"id": "a", "task": "t"}, True),
        (None, {"id": "a", "task": "t"}, True),
        ({"task": "t"}, {"id": "a"}, True),
        ({}, {"id": 7}, True),
        ({}, {"id": "b"}, False),
        ({}, ["a"], False),
        ({}, ValueError("not JSON"), False),
        ({"id": "x" * 256, "task": "t"}, None, True),
        ({"id": LONG, "task": "t"}, None, True),
        ({"id": LONG + "y", "task": "t"}, None, False),
        ({"id": "é" * 2000, "task": "t"}, None, True),
        ({"id": "\ud800", "task": "t"}, None, True),
    ],
)
def test_a_message_is_recognised_by_its_id_in_both_protocols(
    scene: Scene, headers: Any, body: Any, listed: bool
) -> None:
    scene.order("a", "7", "x" * 256, *(bounds.task_id(one) for one in (LONG, "é" * 2000, "\ud800")))
    assert bool(scene.receive(Message(headers, body))) is not listed


def test_without_a_file_every_message_runs(scene: Scene) -> None:
    message = Message({"id": "a"})
    assert scene.receive(message) == [message]
    scene.enforce()
    assert (scene.errors.count, scene.worker.quarantine_waiting) == (0, 0)


def test_what_cannot_be_moved_is_kept_and_runs_once_it_is_no_longer_listed(scene: Scene) -> None:
    scene.order("a", "b")
    a, b = Message({"id": "a"}), Message({"id": "b"})
    assert scene.receive(a, b) == []
    scene.enforce()
    assert (scene.worker.quarantine_waiting, scene.errors.last) == (2, "dead letter: UnknownTransportError")
    scene.order("b")
    scene.enforce()
    assert scene.consumer.received == [a]
    scene.order()
    scene.enforce()
    assert scene.consumer.received == [a, b]
    assert scene.worker.quarantine_waiting == 0


def test_a_worker_that_stops_runs_nothing_that_is_no_longer_listed(scene: Scene) -> None:
    scene.order("a")
    scene.receive(Message({"id": "a"}))
    scene.order()
    scene.stops = True
    scene.enforce()
    assert (scene.consumer.received, scene.worker.quarantine_waiting) == ([], 0)


def test_moves_that_fail_are_tried_again_with_growing_pauses(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("celery_probe.agent.natives.monotonic", lambda: now)
    scene.order("a")
    scene.receive(Message({"id": "a"}))
    failures = []
    for _ in range(200):
        before = scene.errors.count
        scene.enforce()
        if scene.errors.count > before:
            failures.append(now)
        now += 1
    assert failures[:6] == [0, 1, 3, 7, 15, 31]
    assert {later - earlier for earlier, later in pairwise(failures[6:])} == {30}


@pytest.mark.parametrize(("limit", "eta_limit", "while_kept"), [(1, None, 4), (0, None, 0), (4, 6, 6)])
def test_messages_that_cannot_be_moved_take_nothing_from_the_prefetch_limit(
    scene: Scene, limit: int, eta_limit: int | None, while_kept: int
) -> None:
    scene.consumer.qos = QoS(None, limit, eta_limit)
    scene.order("a", "b", "c")
    scene.receive(*(Message({"id": task_id}) for task_id in "abc"))
    for _ in range(3):
        scene.enforce()
        assert scene.consumer.qos.value == while_kept
    scene.order("a")
    scene.enforce()
    scene.order()
    scene.enforce()
    assert scene.consumer.qos.value == limit


def test_a_worker_keeps_no_endless_number_beside_its_limit(scene: Scene) -> None:
    scene.order("a")
    scene.receive(*(Message({"id": "a"}) for _ in range(1500)))
    scene.enforce()
    assert (scene.worker.quarantine_waiting, scene.consumer.qos.value) == (1500, 1001)


def test_a_new_connection_begins_with_the_limit_of_its_own(scene: Scene) -> None:
    scene.order("a")
    scene.receive(Message({"id": "a"}))
    scene.enforce()
    scene.quarantine.stop()
    scene.consumer.qos = QoS(None, 1)
    scene.enforce()
    assert (scene.consumer.qos.value, scene.worker.quarantine_problem) == (1, "")


def test_a_lost_connection_leaves_its_messages_to_the_broker(scene: Scene) -> None:
    scene.order("a")
    scene.receive(Message({"id": "a"}))
    scene.quarantine.stop()
    scene.enforce()
    assert (scene.worker.quarantine_waiting, scene.errors.count) == (0, 0)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", json.dumps({"version": 2, "quarantine": ORDER}), '{"version": 1}']
)
def test_an_unreadable_file_changes_nothing(scene: Scene, tmp_path: Path, text: str) -> None:
    scene.order("a")
    message = Message({"id": "a"})
    assert scene.receive(message) == []
    (tmp_path / "run" / "quarantine.json").write_text(text)
    with pytest.raises(Exception):  # noqa: B017 - of any kind
        scene.quarantine.read()
    assert scene.receive(message) == []


def test_messages_of_two_connections_may_have_the_same_tag(scene: Scene) -> None:
    scene.order("a", "b")
    old, new = Message({"id": "a"}), Message({"id": "b"})
    old.delivery_tag = new.delivery_tag
    assert scene.receive(old, new) == []
    scene.order()
    scene.enforce()
    assert scene.consumer.received == [old, new]


@pytest.mark.parametrize(("is_current", "acknowledged"), [(True, False), (True, True), (False, False)])
def test_on_rabbitmq_only_this_connections_messages_are_this_workers(
    is_current: bool, acknowledged: bool
) -> None:
    current = object()
    consumer = Consumer("amqp")
    consumer.task_consumer = SimpleNamespace(channel=current)  # type: ignore[attr-defined]
    message = SimpleNamespace(channel=current if is_current else object(), acknowledged=acknowledged)
    assert dead_letter.is_unacknowledged(consumer, message) is (is_current and not acknowledged)


def test_a_message_that_is_no_longer_this_workers_is_known() -> None:
    qos = SimpleNamespace(_delivered={"x": 1, "y": 1}, _dirty={"x"})
    consumer = Consumer("redis")
    consumer.task_consumer = SimpleNamespace(channel=SimpleNamespace(qos=qos))  # type: ignore[attr-defined]
    found = [
        dead_letter.is_unacknowledged(consumer, SimpleNamespace(delivery_tag=tag)) for tag in ("x", "y", "z")
    ]
    assert found == [False, True, False]
