"""Alerts, what was delivered of them, and silences in the database."""

import json
from collections.abc import Iterable, Sequence

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Row
from celery_monitor.history.requests.transaction import changing
from celery_monitor.history.rows.clean import MOST_LABEL_CHARACTERS, text
from celery_monitor.records.alerts import (
    AlertKey,
    AlertRecord,
    AlertState,
    Delivered,
    Silence,
    SilenceMatcher,
)

_ALERT = ("rule", "labels", "state", "began", "seen", "value", "fired", "ended", "summary", "description")
_DELIVERED = ("channel", "rule", "labels", "fired", "resolved", "at")
_SILENCE = ("id", "matchers", "at", "until", "comment", "identity")
MOST_SILENCES = 500
"""Silences that count at a time."""
MOST_COMMENT = 500


class Alerts:
    """The alerts of one database. Every method raises HistoryUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._alerts = f"{database.prefix}alerts"
        self._messages = f"{database.prefix}alert_messages"
        self._silences = f"{database.prefix}silences"

    async def all(self) -> list[AlertRecord]:
        """Every alert that is kept."""
        async with self._database.reading() as session:
            rows = await session.rows(f"SELECT {', '.join(_ALERT)} FROM {self._alerts}")
        return [_alert(row) for row in rows]

    async def delivered(self) -> list[Delivered]:
        """What each channel has delivered."""
        async with self._database.reading() as session:
            rows = await session.rows(f"SELECT {', '.join(_DELIVERED)} FROM {self._messages}")
        return [_delivered(row) for row in rows]

    async def change(self, changed: Iterable[AlertRecord], gone: Iterable[AlertKey]) -> None:
        """Store changed alerts, and delete those that are gone, with what was delivered of them."""
        keys = [(key.rule, _labels(key)) for key in gone]
        async with changing(self._database) as session:
            await session.execute_many(
                _upsert(self._alerts, _ALERT, 2),
                [
                    (
                        one.key.rule,
                        _labels(one.key),
                        one.state.value,
                        one.began,
                        one.seen,
                        one.value,
                        one.fired,
                        one.ended,
                        text(one.summary),
                        text(one.description),
                    )
                    for one in changed
                ],
            )
            for table in (self._alerts, self._messages):
                await session.execute_many(f"DELETE FROM {table} WHERE rule = ? AND labels = ?", keys)

    async def note_delivered(self, delivered: Sequence[Delivered]) -> None:
        """A channel has delivered a message."""
        async with changing(self._database) as session:
            await session.execute_many(
                _upsert(self._messages, _DELIVERED, 3),
                [
                    (one.channel, one.key.rule, _labels(one.key), one.fired, int(one.resolved), one.at)
                    for one in delivered
                ],
            )

    async def silences(self, now: float) -> list[Silence]:
        """The silences that have not ended, those that end first before."""
        async with self._database.reading() as session:
            rows = await session.rows(
                f"SELECT {', '.join(_SILENCE)} FROM {self._silences} WHERE until > ? ORDER BY until, id",
                [now],
            )
        return [_silence(row) for row in rows]

    async def add_silence(self, silence: Silence) -> bool:
        """Store a silence. False if ``MOST_SILENCES`` count already. Those that have ended are deleted."""
        async with changing(self._database) as session:
            await session.execute(f"DELETE FROM {self._silences} WHERE until <= ?", [silence.at])
            if (await session.rows(f"SELECT count(*) FROM {self._silences}"))[0][0] >= MOST_SILENCES:
                return False
            await session.execute(
                f"INSERT INTO {self._silences} ({', '.join(_SILENCE)}) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    silence.id,
                    json.dumps([[one.label, one.value] for one in silence.matchers]),
                    silence.at,
                    silence.until,
                    text(silence.comment, MOST_COMMENT),
                    text(silence.identity, MOST_LABEL_CHARACTERS),
                ],
            )
        return True

    async def delete_silence(self, silence_id: str) -> bool:
        """End a silence. False if there is none with this id."""
        async with changing(self._database) as session:
            return await session.execute(f"DELETE FROM {self._silences} WHERE id = ?", [silence_id]) > 0


def _upsert(table: str, columns: Sequence[str], keys: int) -> str:
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns[keys:])
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
        f"ON CONFLICT ({', '.join(columns[:keys])}) DO UPDATE SET {changes}"
    )


def _labels(key: AlertKey) -> str:
    return json.dumps(key.labels)


def _key(rule: str, labels: str) -> AlertKey:
    return AlertKey(rule, tuple((name, value) for name, value in json.loads(labels)))


def _alert(row: Row) -> AlertRecord:
    rule, labels, state, began, seen, value, fired, ended, summary, description = row
    return AlertRecord(
        key=_key(rule, labels),
        state=AlertState(state),
        began=began,
        seen=seen,
        value=value,
        fired=fired,
        ended=ended,
        summary=summary,
        description=description,
    )


def _delivered(row: Row) -> Delivered:
    channel, rule, labels, fired, resolved, at = row
    return Delivered(channel=channel, key=_key(rule, labels), fired=fired, resolved=bool(resolved), at=at)


def _silence(row: Row) -> Silence:
    name, matchers, at, until, comment, identity = row
    return Silence(
        id=name,
        matchers=tuple(SilenceMatcher(label=label, value=value) for label, value in json.loads(matchers)),
        at=at,
        until=until,
        comment=comment,
        identity=identity,
    )
