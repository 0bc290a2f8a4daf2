"""The whole answers of workers: kept for a while, without secrets, in bounded memory."""

from collections.abc import Sequence
from typing import Any

import pytest

from celery_health.survey.app_connection import resolve
from celery_monitor.control import worker_answers
from celery_monitor.control.worker_answers import WorkerAnswers
from celery_monitor.remote_control.remote_control import RemoteControl


class FakeControl(RemoteControl):
    """Workers that answer every command with the same value."""

    def __init__(self, **answers: Any) -> None:
        super().__init__(resolve(None, None, "redis://127.0.0.1:1/0", None, {}))
        self.answers = answers
        self.asked: list[tuple[tuple[str, ...], Sequence[str] | None]] = []

    async def ask(self, commands: Sequence[str], names: Sequence[str] | None = None) -> Any:
        self.asked.append((tuple(commands), names))
        answering = [name for name in self.answers if names is None or name in names]
        return {command: {name: self.answers[name] for name in answering} for command in commands}


async def test_answers_are_kept_and_the_lists_of_tasks_are_those_of_a_worker_asked_alone() -> None:
    control = FakeControl(w1=["one"], w2=["two"])
    answers = WorkerAnswers(control)

    assert set(await answers.workers()) == {"w1", "w2"}
    assert set(await answers.workers()) == {"w1", "w2"}
    alone = await answers.workers("w1")
    assert alone["w1"]["active"] == ["one"]
    assert "active" not in (await answers.workers())["w1"]
    assert [names for _, names in control.asked] == [None, ["w1"]]


async def test_secrets_are_masked_and_long_lists_are_cut() -> None:
    control = FakeControl(w1={"broker": {"password": "hunter2", "alternates": ["x"]}}, w2=["t"] * 5_000)
    found = await WorkerAnswers(control).workers("w1")
    assert "hunter2" not in str(found)
    assert "alternates" not in found["w1"]["stats"]["broker"]
    found = await WorkerAnswers(control).workers("w2")
    assert len(found["w2"]["active"]) == 2_000


async def test_the_oldest_answers_go_when_there_are_too_many_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_answers, "_MAX_CHARACTERS", 10_000)
    control = FakeControl(w1=["x" * 500], w2=["x" * 500], w3=["x" * 500])
    answers = WorkerAnswers(control)
    for name in ("w1", "w2", "w1", "w3"):
        await answers.workers(name)
    assert len(control.asked) == 3
    assert list(answers._known) == ["w2", "w3"]


async def test_a_name_that_no_worker_has_is_found_nowhere_and_does_not_fill_the_memory() -> None:
    answers = WorkerAnswers(FakeControl(w1=[]))
    for number in range(50):
        assert await answers.workers(f"nope{number}") == {}
    assert len(answers._asked) == 1
