"""Answers that come when they come: a look waits for them for a moment, and then takes those from before.

So what is slow, or gone, holds up nothing but what is known of itself.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

PATIENCE_SECONDS = 0.5
"""How long a look waits for the slowest."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """``late``: it is the answer to an earlier question than the last."""

    value: T
    seconds_ago: float
    late: bool


class Latest(Generic[T]):
    """One source that is asked again and again, never twice at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._question: asyncio.Task[tuple[T, float]] | None = None
        self._last: tuple[T, float] | None = None
        self._late = False

    @property
    def open_question(self) -> asyncio.Task[tuple[T, float]] | None:
        """What has not been answered yet."""
        return self._question

    async def get(self, question: Callable[[], Awaitable[T]]) -> T:
        """The answer to this question; where that takes its time, to an earlier one, if there is any.

        Raises:
            Exception: what the question raised.
        """
        self.ask(question)
        if self._last is None and self._question:
            await asyncio.wait([self._question])
        await settle([self])
        answer = self.answer()
        assert answer is not None
        return answer.value

    def ask(self, question: Callable[[], Awaitable[T]]) -> None:
        """Ask, unless an earlier question is still open."""
        self._take()
        self._late = self._question is not None
        if self._question is None:
            self._question = asyncio.create_task(self._timed(question))

    def answer(self) -> Answer[T] | None:
        """The latest answer; None as long as there has been none.

        Raises:
            Exception: what the question raised.
        """
        self._take()
        if self._last is None:
            return None
        value, at = self._last
        return Answer(value, self._clock() - at, late=self._late or self._question is not None)

    def close(self) -> None:
        """Ask no more; an open question is given up."""
        if self._question is not None:
            self._question.cancel()
            self._question = None

    def _take(self) -> None:
        question = self._question
        if question is not None and question.done():
            self._question = None
            self._last = question.result()

    async def _timed(self, question: Callable[[], Awaitable[T]]) -> tuple[T, float]:
        return await question(), self._clock()


async def settle(sources: Iterable[Latest[Any]]) -> None:
    """Wait until all have answered, but no longer than a look has patience."""
    questions = [source.open_question for source in sources if source.open_question]
    if questions:
        await asyncio.wait(questions, timeout=PATIENCE_SECONDS)
