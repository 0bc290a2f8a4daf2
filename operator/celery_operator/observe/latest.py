"""The latest answer of a source. A reconcile waits a moment for new answers, and then uses the earlier ones.

A source that is slow, or gone, delays nothing but the knowledge about itself.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

PATIENCE_SECONDS = 0.5
"""How long a reconcile waits for the slowest source."""

T = TypeVar("T")

Question = asyncio.Task[tuple[T, float]]
"""A question that was asked: its answer, and when the answer came."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """``late``: it belongs to an earlier question, and the newest has no answer yet."""

    value: T
    seconds_ago: float
    late: bool


class Latest(Generic[T]):
    """One source that is asked again and again, never twice at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._question: Question[T] | None = None
        self._last: tuple[T, float] | None = None
        self._late = False

    async def get(self, question: Callable[[], Awaitable[T]]) -> T:
        """The answer to this question; where that takes its time, to an earlier one, if there is any.

        Raises:
            Exception: what the question raised.
        """
        asked = self.ask(question)
        if self._last is None:
            await asyncio.wait([asked])
        await settle([asked])
        answer = self.answer()
        assert answer is not None
        return answer.value

    def ask(self, question: Callable[[], Awaitable[T]]) -> Question[T]:
        """Ask, unless an earlier question is still open; gives the one that is open now."""
        self._take()
        self._late = self._question is not None
        if self._question is None:
            self._question = asyncio.create_task(self._timed(question))
        return self._question

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


async def settle(questions: Collection[Question[Any]]) -> None:
    """Wait until all are answered, ``PATIENCE_SECONDS`` at most."""
    if questions:
        await asyncio.wait(questions, timeout=PATIENCE_SECONDS)
