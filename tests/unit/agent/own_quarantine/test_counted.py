"""The workers' own quarantine: when it announces, what it logs, and that it breaks no worker."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from celery_probe.agent.own_quarantine import counted
from celery_probe.agent.worker.death_log import Casualty, Cause
from tests.unit.agent.test_quarantine import Consumer, Message

CRASH = Cause("signal SIGSEGV")


def _consumer(**parts: Any) -> Any:
    consumer = Consumer("unknown")
    vars(consumer).update(parts)
    consumer.timer = SimpleNamespace(_queue=[], call_repeatedly=lambda *_: None, call_after=lambda *_: None)
    return consumer


class Scene:
    """A consumer with its own quarantine, a clock, and what was announced."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, remote_control: bool = True) -> None:
        self.now = 1000.0
        self.announced: list[Any] = []
        self.fails = self.listens = False
        monkeypatch.setattr("celery_probe.agent.natives.monotonic", lambda: self.now)
        monkeypatch.setattr(counted, "Announcements", lambda *_: self)
        conf = SimpleNamespace(task_default_queue="mail", worker_enable_remote_control=remote_control)
        self.consumer: Any = _consumer(
            app=SimpleNamespace(conf=conf), controller=None, hub=object(), task_consumer=object()
        )
        self.own = counted.OwnQuarantine(self.consumer)
        self.own.start(self.consumer)
        self.deliver = self.consumer.create_task_handler()

    def listen(self, consumer: Any) -> None:
        """As ``Announcements`` does."""
        self.listens = True

    def send(self, consumer: Any, deaths: Any) -> None:
        """As ``Announcements`` does."""
        if self.fails:
            raise OSError
        self.announced.append(deaths)

    def die(self, task_id: str = "a", *, returns: bool = True) -> None:
        task = Casualty(task_id, "shop.hog", "mail", 1.0, returns)
        self.own._worker.deaths.add(task, CRASH, self.now)

    def tick(self) -> None:
        self.own._on_timer()


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch)


def test_the_message_that_comes_back_after_the_third_death_does_not_run(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    message = Message({"id": "a"})
    for death in range(3):
        scene.deliver(message)
        assert len(scene.consumer.received) == death + 1
        scene.die()
    scene.deliver(message)
    assert len(scene.consumer.received) == 3
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    said = "Task shop.hog[a] has killed its worker's child process 3 times (signal SIGSEGV)"
    assert said in record.getMessage()
    assert "its message goes to the queue mail.dead-letter" in record.getMessage()


def test_each_death_is_announced_at_once_but_many_only_once_a_second(scene: Scene) -> None:
    for number in range(50):
        scene.die(f"id-{number}")
    assert len(scene.announced) == 1
    scene.tick()
    assert len(scene.announced) == 2
    assert len(scene.announced[-1]) == 50


def test_a_task_that_kills_again_is_announced_at_once(scene: Scene) -> None:
    for number in range(3):
        scene.die()
        assert len(scene.announced) == number + 1
        assert len(scene.announced[-1]["a"]["deaths"]) == number + 1


def test_known_deaths_are_announced_again_every_ten_seconds_until_they_are_old(scene: Scene) -> None:
    scene.die()
    for _ in range(700):
        scene.now += 1
        scene.tick()
    assert 50 <= len(scene.announced) <= 60


def test_tasks_whose_messages_do_not_come_back_do_not_count(scene: Scene) -> None:
    for _ in range(5):
        scene.die(returns=False)
    scene.own._worker.deaths.add(None, CRASH, scene.now)
    assert scene.announced == []
    assert scene.own.changed() is None


def test_a_broker_that_fails_is_logged_and_asked_again_later(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.fails = True
    scene.die()
    scene.tick()
    assert "could not do its work: announce: OSError" in caplog.text
    scene.fails = False
    scene.now += 11
    scene.tick()
    assert len(scene.announced) == 1


def test_what_others_announce_counts(scene: Scene) -> None:
    assert scene.listens
    scene.own.receive({"a": {"name": "shop.hog", "deaths": {"x": 1.0, "y": 2.0, "z": 3.0}}})
    scene.deliver(Message({"id": "a"}))
    assert scene.consumer.received == []


def test_without_remote_control_nothing_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = Scene(monkeypatch, remote_control=False)
    for _ in range(3):
        alone.die()
    alone.tick()
    assert (alone.announced, alone.listens) == ([], False)
    alone.deliver(Message({"id": "a"}))
    assert alone.consumer.received == []
