"""Which queues a Redis holds that nobody asked for: found in small steps, however large the database."""

from typing import Any

from celery_health.broker import RedisNaming
from celery_health.readers.redis_keys import binding_pattern, holds_task_queues, queue_of

Command = tuple[str | int | bytes, ...]

MAX_STEP = 10_000
"""Keys that one SCAN may visit: a few milliseconds of the server's time."""
MIN_STEP = 1_000
MAX_EXCHANGES = 200
MAX_QUEUES = 200


class QueueDiscovery:
    """Walks once round the database, one SCAN a look, then reads the bindings it met, then walks again.

    What was found stays known until the next walk has ended.
    """

    def __init__(self, naming: RedisNaming) -> None:
        self._naming = naming
        self._pattern = binding_pattern(naming)
        self._cursor = 0
        self._step = MIN_STEP
        self._met: set[str] = set()
        self._to_read: tuple[str, ...] = ()
        self.queues: tuple[str, ...] = ()
        """The queues found, sorted, at most MAX_QUEUES."""

    def commands(self) -> list[Command]:
        """What to ask in this look, besides other things; ``note`` takes the answers in the same order."""
        scan: Command = ("SCAN", self._cursor, "MATCH", self._pattern, "COUNT", self._step)
        # Not SMEMBERS: a set that grew without bound must not come over whole.
        members: list[Command] = [("SRANDMEMBER", key, MAX_QUEUES) for key in self._to_read]
        return [("DBSIZE",), scan, *members]

    def note(self, answers: list[Any]) -> None:
        """Take what the look brought; an answer that is an error leaves things as they are."""
        size, scanned, *members = answers
        if self._to_read:
            self._read(members)
        if isinstance(size, int):
            self._step = min(MAX_STEP, max(MIN_STEP, size))
        if isinstance(scanned, (list, tuple)) and len(scanned) == 2:
            self._walk(*scanned)

    def _read(self, members: list[Any]) -> None:
        readable = [answer for answer in members if isinstance(answer, (list, set))]
        if readable:
            names = {queue_of(text, self._naming) for answer in readable for text in _texts(answer)}
            self.queues = tuple(sorted(names - {""})[:MAX_QUEUES])
        self._to_read = ()

    def _walk(self, cursor: int, keys: list[Any]) -> None:
        self._cursor = int(cursor)
        self._met |= {key for key in _texts(keys) if holds_task_queues(key, self._naming)}
        if self._cursor == 0:
            if not self._met:
                self.queues = ()
            self._to_read = tuple(sorted(self._met)[:MAX_EXCHANGES])
            self._met = set()


def _texts(raw: Any) -> list[str]:
    """Names as text. One that is no UTF-8 was not made by kombu."""
    decoded = (one.decode(errors="replace") if isinstance(one, bytes) else str(one) for one in raw)
    return [text for text in decoded if "\ufffd" not in text]
