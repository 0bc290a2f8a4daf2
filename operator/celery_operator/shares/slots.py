"""Slots that many holders share: the global limit, and the part of it that one holder may have."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from celery_operator.shares import holders


class Slots:
    """``total`` slots, of which one holder has ``most`` at most, and fewer while other holders need them.

    The last quarter of the slots is for holders that have none, and the quarter before it for those that have
    one at most. So a few that take what they can leave enough for all others. Those that wait are served by
    turns, the one with the fewest slots first.
    """

    def __init__(self, total: int, most: int) -> None:
        self._total = self._free = total
        self._most = most
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """One slot of the holder of this context, while the block runs."""
        holder = await self.acquire()
        try:
            yield
        finally:
            self.release(holder)

    async def acquire(self) -> str:
        """Wait for a slot. Give the returned holder to ``release``."""
        holder = holders.current()
        if holder not in self._waiting and self._may_take(holder):
            self._take(holder)
            return holder
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(holder, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release(holder)
            else:
                self._forget(holder, turn)
            raise
        return holder

    def release(self, holder: str) -> None:
        """Give back one slot."""
        self._free += 1
        self._held[holder] -= 1
        if not self._held[holder]:
            del self._held[holder]
        self._serve()

    def _may_take(self, holder: str) -> bool:
        held = self._held[holder]
        for_others = 0 if held == 0 else self._total // 4 if held == 1 else self._total // 2
        return held < self._most and self._free > for_others

    def _take(self, holder: str) -> None:
        self._free -= 1
        self._held[holder] += 1

    def _serve(self) -> None:
        while ready := [one for one in self._waiting if self._may_take(one)]:
            holder = min(ready, key=self._held.__getitem__)
            turns = self._waiting.pop(holder)
            turn = turns.popleft()
            if turns:
                self._waiting[holder] = turns  # behind the others
            if not turn.cancelled():
                self._take(holder)
                turn.set_result(None)

    def _forget(self, holder: str, turn: asyncio.Future[None]) -> None:
        turns = self._waiting.get(holder)
        if turns is not None and turn in turns:
            turns.remove(turn)
            if not turns:
                del self._waiting[holder]
