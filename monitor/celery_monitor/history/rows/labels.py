"""Numbers for texts that repeat: names of tasks, states, workers, queues, errors."""

import enum
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from celery_monitor.history.database.session import Session
from celery_monitor.history.filters.fields import LABEL_FIELDS
from celery_monitor.history.rows.clean import MOST_LABEL_CHARACTERS, text

_MOST_KNOWN = 50_000


class LabelKind(enum.IntEnum):
    """What a label is of. The numbers are stored.

    ``DELETIONS`` has one row, which counts how often labels were deleted instead of tasks.
    """

    DELETIONS = 0
    STATE = 1
    NAME = 2
    WORKER = 3
    QUEUE = 4
    ERROR = 5
    SENDER = 6
    EXCHANGE = 7
    ROUTING_KEY = 8


FIELD_KINDS: Mapping[str, LabelKind] = MappingProxyType(
    {name: LabelKind[name.upper()] for name in LABEL_FIELDS}
)
"""The kinds of the labels that are values of a field of the filter language."""

Key = tuple[int, str]


class Labels:
    """The labels that this process knows. They stay true until labels are deleted: ``follow_deletions``."""

    def __init__(self, prefix: str):
        self._table = f"{prefix}labels"
        self.ids: dict[Key, int] = {}
        self.texts: dict[int, str] = {}
        self.missing: set[Key] = set()
        # Labels of a transaction that may still be undone.
        self._fresh: list[tuple[int, Key]] = []
        self._deletions: int | None = None

    async def follow_deletions(self, session: Session) -> None:
        """Forget all labels if this or another process has deleted any since the last transaction."""
        rows = await session.rows(
            f"SELECT tasks FROM {self._table} WHERE kind = ?", [int(LabelKind.DELETIONS)]
        )
        deletions = rows[0][0] if rows else 0
        if deletions != self._deletions:
            self._forget()
            self._deletions = deletions

    def id(self, kind: int, value: str | None) -> int | None:
        """The number of a label; 0, and an entry in ``missing``, if it is not known yet."""
        if not value:
            return None
        found = self.ids.get((kind, value))
        if found is None:
            cleaned = text(value, MOST_LABEL_CHARACTERS) or ""
            found = self.ids.get((kind, cleaned))
            if found is None:
                self.missing.add((kind, cleaned))
                return 0
        return found

    def text(self, number: int | None) -> str | None:
        """The text of a number that ``load`` has read."""
        return self.texts[number] if number is not None else None

    async def create_missing(self, session: Session) -> None:
        """Give every missing label a number."""
        keys = sorted(self.missing)
        self.missing.clear()
        await session.execute_many(
            f"INSERT INTO {self._table} (kind, text) VALUES (?, ?) ON CONFLICT (kind, text) DO NOTHING",
            keys,
        )
        rows = await session.rows_of(
            f"SELECT id, kind, text FROM {self._table} WHERE text IN ids",
            sorted({key[1] for key in keys}),
        )
        self._add((number, (kind, value)) for number, kind, value in rows)

    async def load(self, session: Session, numbers: Iterable[int | None]) -> None:
        """Read the texts of these numbers."""
        unknown = {number for number in numbers if number} - self.texts.keys()
        if unknown:
            rows = await session.rows_of(
                f"SELECT id, kind, text FROM {self._table} WHERE id IN ids",
                sorted(unknown),
            )
            self._add((number, (kind, value)) for number, kind, value in rows)

    async def count(self, session: Session, changes: Mapping[int, int]) -> None:
        """Add to the number of tasks that have each label."""
        await session.execute_many(
            f"UPDATE {self._table} SET tasks = tasks + ? WHERE id = ?",
            [(change, number) for number, change in sorted(changes.items()) if change and number],
        )

    def committed(self) -> None:
        """The transaction is stored."""
        self._fresh.clear()
        if len(self.ids) > _MOST_KNOWN:
            self._forget()

    def undone(self) -> None:
        """The transaction is undone, and with it the labels that it made."""
        for number, key in self._fresh:
            self.ids.pop(key, None)
            self.texts.pop(number, None)
        self._fresh.clear()
        self.missing.clear()

    def _forget(self) -> None:
        self.ids.clear()
        self.texts.clear()

    def _add(self, rows: Iterable[tuple[int, Key]]) -> None:
        for number, key in rows:
            self.ids[key] = number
            self.texts[number] = key[1]
            self._fresh.append((number, key))


async def note_deletion(table: str, session: Session) -> None:
    """Make every process read the labels again, in the transaction that deletes some."""
    await session.execute(
        f"INSERT INTO {table} (kind, text, tasks) VALUES (?, '', 1) "
        "ON CONFLICT (kind, text) DO UPDATE SET tasks = labels.tasks + 1",
        [int(LabelKind.DELETIONS)],
    )
