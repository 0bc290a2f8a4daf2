"""The workers' own quarantine: when it announces, what it logs, and that it breaks no worker."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from celery_health.wire.quarantine import quarantine_stats
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

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *kept: dict[str, Any], remote_control: bool = True
    ) -> None:
        self.now = 1000.0
        self.announced: list[Any] = []
        self.kept: list[Any] = list(kept)
        self.fails = self.listens = False
        monkeypatch.setattr("celery_probe.agent.natives.monotonic", lambda: self.now)
        monkeypatch.setattr(counted, "Announcements", lambda *_: self)
        monkeypatch.setattr(counted, "KeptEnds", lambda *_: self)
        conf = SimpleNamespace(task_default_queue="mail", worker_enable_remote_control=remote_control)
        self.consumer: Any = _consumer(
            hostname="one@here",
            app=SimpleNamespace(conf=conf),
            controller=None,
            hub=object(),
            task_consumer=object(),
        )
        self.own = counted.OwnQuarantine(self.consumer)
        self.own.start(self.consumer)
        self.deliver = self.consumer.create_task_handler()

    def listen(self, consumer: Any) -> None:
        """As ``Announcements`` does."""
        self.listens = True

    def send(self, consumer: Any, messages: Any) -> None:
        """As ``Announcements`` does."""
        if self.fails:
            raise OSError
        self.announced.append({task_id: entry for deaths in messages for task_id, entry in deaths.items()})

    def add(self, consumer: Any, end: Any) -> None:
        """As ``KeptEnds`` does."""
        if self.fails:
            raise OSError
        self.kept.append(end)

    def read(self, consumer: Any) -> list[Any]:
        """As ``KeptEnds`` does."""
        return self.kept

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


def test_a_task_cannot_forge_a_line_of_the_log(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    task = Casualty("a\n[ERROR] id", "hog\x1b[31m\u202e\r\n[ERROR] name", "mail", 1.0, returns=True)
    for _ in range(3):
        scene.own._worker.deaths.add(task, CRASH, scene.now)
    (said,) = (record.getMessage() for record in caplog.records if record.levelno == logging.ERROR)
    assert said.isprintable()
    assert r"Task hog\x1b[31m\u202e\r\n[ERROR] name[a\n[ERROR] id]" in said


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


def test_of_many_known_deaths_a_bounded_part_is_announced_at_a_time_and_all_in_turn(scene: Scene) -> None:
    for number in range(2500):
        scene.die(f"id-{number}")
    scene.tick()
    scene.announced.clear()
    for _ in range(40):
        scene.now += 1
        scene.tick()
    assert [len(deaths) for deaths in scene.announced] == [1000] * 3
    assert len({task_id for deaths in scene.announced for task_id in deaths}) == 2500


def test_each_of_1_000_messages_of_a_broken_task_is_kept_after_its_third_death(scene: Scene) -> None:
    queue = [Message({"id": f"id-{number}"}) for number in range(1000)]
    for run in range(4):
        for message in queue:
            scene.deliver(message)
            if run < 3:
                scene.die(message.headers["id"])
    assert len(scene.consumer.received) == 3000


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
    assert "could not do its work. It tries again, and other tasks run on. announce: OSError." in caplog.text
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


def test_a_problem_is_the_end_of_its_line_so_that_its_command_can_be_copied(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.own._errors.add("dead letter", OSError())
    scene.own._worker.quarantine_problem = "Run: ACL SETUSER shop '~mail.dead-letter'"
    scene.own._log_changes()
    (record,) = caplog.records
    assert record.getMessage().endswith(" Run: ACL SETUSER shop '~mail.dead-letter'")


def test_the_statistics_have_the_quarantine_and_why_a_message_is_not_moved(scene: Scene) -> None:
    for _ in range(3):
        scene.die()
    scene.own._worker.quarantine_waiting, scene.own._worker.quarantine_problem = 1, "Redis is full."

    found = quarantine_stats(scene.own.stats())

    assert found is not None
    assert [task.id for task in found.tasks] == ["a"]
    assert (found.queue, found.waiting, found.problem) == ("mail.dead-letter", 1, "Redis is full.")


def end_of(number: int, *, worker: str = "one@here", **changes: Any) -> dict[str, Any]:
    """The end of a worker by a MemoryError, as the broker keeps it."""
    task = {"id": "a", "name": "shop.hog", "queue": "mail", "ran_for": 1.0, "returns": True, "failed": False}
    kept = {"cause": "MemoryError", "mark": f"m-{number}", "worker": worker, "age": 60.0 - number}
    return {**task, **kept, **changes}


@pytest.mark.parametrize("remote_control", [True, False])
def test_the_end_of_the_whole_worker_is_with_the_broker_and_the_others_before_celery_goes_on(
    remote_control: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(monkeypatch, end_of(1), end_of(2, worker="two@here"), remote_control=remote_control)
    scene.own.note_end(Casualty("a", "shop.hog", "mail", 1.0, returns=True), Cause("MemoryError"), scene.now)
    kept = scene.kept[-1]
    assert (kept["id"], kept["returns"], kept["cause"], kept["worker"]) == (
        "a",
        True,
        "MemoryError",
        "one@here",
    )
    assert scene.own._deaths.count("a") == 3
    if remote_control:
        assert kept["mark"] in scene.announced[-1]["a"]["deaths"]


def test_a_worker_that_starts_takes_in_kept_ends_once_and_reports_those_of_its_own_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other, early = end_of(2, worker="two@here"), end_of(3, id="b", returns=False)
    scene = Scene(monkeypatch, end_of(1), other, early, end_of(4, age=5000.0), end_of(5, id=None, age="?"))
    scene.own.start(scene.consumer)
    assert (scene.own._deaths.count("a"), scene.own._deaths.count("b")) == (2, 0)
    report = scene.own._worker.deaths.report(scene.now, lambda _: 1)
    assert [(one["id"], one["cause"], one["count"]) for one in report["deaths"]] == [
        ("b", "MemoryError", 1),
        ("a", "MemoryError", 1),
    ]
    assert (report["children_lost"], report["tasks_lost"]) == (2, 1)
    scene.tick()
    assert len(scene.announced[-1]["a"]["deaths"]) == 2


def test_ends_that_another_worker_had_just_fetched_are_read_a_moment_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene(monkeypatch, end_of(1))
    scene.kept.append(end_of(2))
    scene.tick()
    assert scene.own._deaths.count("a") == 1
    scene.now += 5.0
    scene.tick()
    assert scene.own._deaths.count("a") == 2


def test_an_end_that_the_broker_does_not_keep_still_counts_here(scene: Scene) -> None:
    scene.fails = True
    scene.own.note_end(Casualty("a", "shop.hog", "mail", 1.0, returns=True), Cause("MemoryError"), scene.now)
    assert scene.own._deaths.count("a") == 1
