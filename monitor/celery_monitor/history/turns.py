"""Long work on the event loop in turns, between which others are served."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_LENGTH = 500
"""Of the slowest work on a record, this many take a few milliseconds."""


async def in_turns(values: Sequence[T], length: int = _LENGTH) -> AsyncIterator[Sequence[T]]:
    """The values in parts of this length."""
    for start in range(0, len(values), length):
        yield values[start : start + length]
        await asyncio.sleep(0)
