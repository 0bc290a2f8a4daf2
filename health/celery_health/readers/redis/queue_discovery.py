"""Finds the task queues of a Redis database, in steps that stay small however large the database is."""

from typing import Any

from celery_health.broker import Found, RedisNaming
from celery_health.readers.numbers import count
from celery_health.readers.redis.keys import binding_pattern, holds_task_queues, queue_of

Command = tuple[str | int | bytes, ...]

MAX_STEP = 10_000
"""The keys that one SCAN may visit. That takes a few milliseconds of the server's time."""
MIN_STEP = 1_000
MAX_EXCHANGES = 200
MAX_QUEUES = 200
SETS_AT_ONCE = 20
"""The sets of bindings that one read asks for: each may have ``MAX_QUEUES`` members."""
MAX_NAME = 255
"""The characters of a queue's name. Longer ones are left out."""
_MAX_TEXT = 1_000
_MOST_KEPT = 2_000


class QueueDiscovery:
    """Scans the database with one SCAN for each read, then reads the bindings that it found.

    ``queues`` keeps the result of the last complete scan, and ``found`` says whether it has all queues.
    """

    def __init__(self, naming: RedisNaming) -> None:
        self._naming = naming
        self._pattern = binding_pattern(naming)
        self._cursor = 0
        self._step = MIN_STEP
        self._found: set[str] = set()
        self._to_read: tuple[str, ...] = ()
        self._names: set[str] = set()
        self._readable = False
        self._cut = False
        self.found = Found.NOT_YET
        self.queues: tuple[str, ...] = ()
        """The queues of the last complete scan, sorted, at most MAX_QUEUES."""

    def commands(self) -> list[Command]:
        """The commands for this read. ``note`` takes their answers in the same order."""
        if self._reads_on:
            return self._sets()
        scan: Command = ("SCAN", self._cursor, "MATCH", self._pattern, "COUNT", self._step)
        return [("DBSIZE",), scan, *self._sets()]

    def note(self, answers: list[Any]) -> None:
        """Use the answers to ``commands``, none if they could not be sent. An error changes nothing."""
        if not answers:
            self._give_up()
            return
        if self._reads_on:
            self._note_members(answers)
            return
        size, scanned, *members = answers
        if self._to_read:
            self._note_members(members)
        if isinstance(size, int):
            self._step = min(MAX_STEP, max(MIN_STEP, size))
        if isinstance(scanned, (list, tuple)) and len(scanned) == 2:
            self._note_scan(*scanned)
        else:
            self._give_up()

    @property
    def _reads_on(self) -> bool:
        """Whether sets are left after those that this read asks for: then the next scan has to wait."""
        return len(self._to_read) > SETS_AT_ONCE

    def _sets(self) -> list[Command]:
        # SMEMBERS would transfer the whole set, which may have grown without bound.
        return [("SRANDMEMBER", key, MAX_QUEUES) for key in self._to_read[:SETS_AT_ONCE]]

    def _note_members(self, members: list[Any]) -> None:
        for answer in members:
            if isinstance(answer, (list, set)):
                self._readable = True
                names = {queue_of(text, self._naming) for text in _texts(answer)}
                names = {name for name in names if 0 < len(name) <= MAX_NAME}
                self._cut |= len(answer) == MAX_QUEUES or len(self._names | names) > MAX_QUEUES
                self._names = _first(self._names | names, MAX_QUEUES)
            else:
                self._cut = True
        self._to_read = self._to_read[SETS_AT_ONCE:]
        if not self._to_read:
            if self._readable:
                self.queues = tuple(sorted(self._names))
            self._names, self._readable = set(), False
            self._end()

    def _note_scan(self, cursor: Any, keys: Any) -> None:
        self._cursor = count(cursor) or 0
        if isinstance(keys, (list, tuple)):
            self._found |= {key for key in _texts(keys) if holds_task_queues(key, self._naming)}
            if len(self._found) > _MOST_KEPT:
                self._found = _first(self._found, MAX_EXCHANGES)
                self._cut = True
        if self._cursor == 0:
            self._cut |= len(self._found) > MAX_EXCHANGES
            if not self._found:
                self.queues = ()
                self._end()
            self._to_read = tuple(sorted(self._found)[:MAX_EXCHANGES])
            self._found = set()

    def _give_up(self) -> None:
        """Say that no more will be found than is."""
        if self.found is Found.NOT_YET:
            self.found = Found.SOME

    def _end(self) -> None:
        """The end of a scan, and of reading what it has found."""
        self.found = Found.SOME if self._cut else Found.ALL
        self._cut = False


def _first(names: set[str], number: int) -> set[str]:
    """The first of these names by their order: which ones are kept is the same after each scan."""
    return names if len(names) <= number else set(sorted(names)[:number])


def _texts(raw: Any) -> list[str]:
    """The names as text, without those that kombu did not make: not UTF-8, or longer than any name."""
    encoded = (one for one in raw if isinstance(one, bytes) and len(one) <= _MAX_TEXT)
    decoded = (one.decode(errors="replace") for one in encoded)
    return [text for text in decoded if "\ufffd" not in text]
