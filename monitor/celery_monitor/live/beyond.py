"""The names of what there is no room for, in bounded memory. Pure: the time is passed in."""

from collections.abc import Iterator


class Beyond:
    """Names that count until they have not been seen for ``keep_seconds``. At most ``most`` are kept."""

    def __init__(self, most: int, keep_seconds: float) -> None:
        self._most = most
        self._keep_seconds = keep_seconds
        self._seen: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def __iter__(self) -> Iterator[str]:
        return iter(self._seen)

    def add(self, name: str, now: float) -> None:
        """There is no room for this one, which was seen now."""
        if name in self._seen or len(self._seen) < self._most:
            self._seen[name] = now

    def discard(self, name: str) -> None:
        """There is room for this one."""
        self._seen.pop(name, None)

    def expire(self, now: float) -> None:
        """Leave out those that are gone."""
        for name in [name for name, at in self._seen.items() if now - at > self._keep_seconds]:
            del self._seen[name]
