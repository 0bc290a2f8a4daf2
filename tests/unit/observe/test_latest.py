"""A snapshot waits for a moment, and then takes the answer before."""

import asyncio

import pytest

from celery_operator.observe import latest
from celery_operator.observe.latest import Answer, Latest


class Source:
    """It answers when the test lets it, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.free = asyncio.Event()
        self.free.set()

    async def __call__(self) -> int:
        self.asked += 1
        number = self.asked
        await self.free.wait()
        return number


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latest, "PATIENCE_SECONDS", 0.01)


async def test_the_first_answer_is_waited_for() -> None:
    source, asked = Source(), Latest[int]()
    source.free.clear()
    first = asyncio.create_task(asked.get(source))
    assert not (await asyncio.wait([first], timeout=10 * latest.PATIENCE_SECONDS))[0]
    source.free.set()
    assert await first == 1


async def test_a_source_that_takes_its_time_leaves_the_answer_before_and_is_not_asked_twice() -> None:
    now = 100.0
    source, asked = Source(), Latest[int](lambda: now)
    assert await asked.get(source) == 1
    assert asked.answer() == Answer(1, 0.0, late=False)
    source.free.clear()
    now = 103.0
    assert [await asked.get(source), await asked.get(source)] == [1, 1]
    assert source.asked == 2
    assert asked.answer() == Answer(1, 3.0, late=True)


async def test_the_answer_to_an_earlier_question_comes_late_and_the_next_is_in_time() -> None:
    source, asked = Source(), Latest[int]()
    await asked.get(source)
    source.free.clear()
    await asked.get(source)
    question = asked.ask(source)  # the next snapshot: the question of the last is still open
    source.free.set()
    await latest.settle([question])
    answer = asked.answer()
    assert answer is not None
    assert (answer.value, answer.late) == (2, True)
    assert await asked.get(source) == 3
    answer = asked.answer()
    assert answer is not None
    assert not answer.late


async def test_a_question_that_fails_is_reported_once_and_asked_again() -> None:
    asked = Latest[int]()

    async def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await asked.get(fail)
    assert asked.answer() is None
    assert await asked.get(Source()) == 1


async def test_an_open_question_is_given_up_with_its_source() -> None:
    source, asked = Source(), Latest[int]()
    source.free.clear()
    question = asked.ask(source)
    asked.close()
    with pytest.raises(asyncio.CancelledError):
        await question
    asked.close()
