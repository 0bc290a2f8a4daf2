"""Which deaths the kernel's out-of-memory killer explains."""

from __future__ import annotations

from collections import deque

# A death is noticed at once, unless the pool's loop stands: then both are noticed at its next turn.
UNEXPLAINED_SECONDS = 5.0
MOST_UNEXPLAINED = 100


class OomKills:
    """Compares readings of the cgroup's counter. Each kill explains one death, and only soon after it.

    The kernel counts a kill before the process ends. It also counts processes that are no pool children, such
    as one that a task started.
    """

    def __init__(self) -> None:
        self._count: int | None = None
        self._unexplained: deque[float] = deque(maxlen=MOST_UNEXPLAINED)

    def note(self, count: int | None, now: float) -> None:
        """Take in a reading of the counter; None where it cannot be read."""
        if count is not None and self._count is not None:
            self._unexplained.extend([now] * min(count - self._count, MOST_UNEXPLAINED))
        self._count = count
        while self._unexplained and now - self._unexplained[0] > UNEXPLAINED_SECONDS:
            self._unexplained.popleft()

    def explains(self, count: int | None, now: float) -> bool:
        """Whether the kernel killed a child that SIGKILL ended just now. ``count``: the counter now."""
        self.note(count, now)
        if not self._unexplained:
            return False
        self._unexplained.popleft()
        return True
