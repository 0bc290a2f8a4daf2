"""Finds the task queues of a Redis database, in steps that stay small however large the database is."""

from typing import Any

from celery_health.broker import RedisNaming
from celery_health.readers.redis.keys import binding_pattern, holds_task_queues, queue_of

Command = tuple[str | int | bytes, ...]

MAX_STEP = 10_000
"""The keys that one SCAN may visit. That takes a few milliseconds of the server's time."""
MIN_STEP = 1_000
MAX_EXCHANGES = 200
MAX_QUEUES = 200


class QueueDiscovery:
    """Scans the database with one SCAN for each read, then reads the bindings it found, and starts again.

    ``queues`` keeps the result of the last complete scan.
    """

    def __init__(self, naming: RedisNaming) -> None:
        self._naming = naming
        self._pattern = binding_pattern(naming)
        self._cursor = 0
        self._step = MIN_STEP
        self._found: set[str] = set()
        self._to_read: tuple[str, ...] = ()
        self.queues: tuple[str, ...] = ()
        """The queues of the last complete scan, sorted, at most MAX_QUEUES."""

    def commands(self) -> list[Command]:
        """The commands for this read. ``note`` takes their answers in the same order."""
        scan: Command = ("SCAN", self._cursor, "MATCH", self._pattern, "COUNT", self._step)
        # SMEMBERS would transfer the whole set, which may have grown without bound.
        members: list[Command] = [("SRANDMEMBER", key, MAX_QUEUES) for key in self._to_read]
        return [("DBSIZE",), scan, *members]

    def note(self, answers: list[Any]) -> None:
        """Use the answers to ``commands``. An answer that is an error changes nothing."""
        size, scanned, *members = answers
        if self._to_read:
            self._note_members(members)
        if isinstance(size, int):
            self._step = min(MAX_STEP, max(MIN_STEP, size))
        if isinstance(scanned, (list, tuple)) and len(scanned) == 2:
            self._note_scan(*scanned)

    def _note_members(self, members: list[Any]) -> None:
        readable = [answer for answer in members if isinstance(answer, (list, set))]
        if readable:
            names = {queue_of(text, self._naming) for answer in readable for text in _texts(answer)}
            self.queues = tuple(sorted(names - {""})[:MAX_QUEUES])
        self._to_read = ()

    def _note_scan(self, cursor: int, keys: list[Any]) -> None:
        self._cursor = int(cursor)
        self._found |= {key for key in _texts(keys) if holds_task_queues(key, self._naming)}
        if self._cursor == 0:
            if not self._found:
                self.queues = ()
            self._to_read = tuple(sorted(self._found)[:MAX_EXCHANGES])
            self._found = set()


def _texts(raw: Any) -> list[str]:
    """The names as text, without those that are not UTF-8: kombu did not make them."""
    decoded = (one.decode(errors="replace") if isinstance(one, bytes) else str(one) for one in raw)
    return [text for text in decoded if "\ufffd" not in text]
