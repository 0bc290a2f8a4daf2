"""Links between tasks and their retries."""

from collections.abc import Sequence

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Row, Session
from celery_monitor.history.requests.transaction import changing
from celery_monitor.history.rows.clean import MOST_ID_CHARACTERS, MOST_LABEL_CHARACTERS, text
from celery_monitor.records.requests import RequestedRetry

_COLUMNS = "execution_id, retry_of, at, identity, sent"
_MOST_SHOWN = 100


class Retries:
    """The retries in one database. Every method raises HistoryUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = f"{database.prefix}task_retries"

    async def reserve(self, retry: RequestedRetry, *, again: bool) -> RequestedRetry:
        """Store a retry that is about to be sent, and return it.

        If there is one of the task already, nothing is stored and the latest one is returned, unless
        ``again``.
        """
        async with changing(self._database) as session:
            found = None if again else (await self.latest_in(session, [retry.retry_of])).get(retry.retry_of)
            if found is None:
                await self.add_in(session, [retry])
            return found or retry

    async def add_in(self, session: Session, retries: Sequence[RequestedRetry]) -> None:
        """Store retries, in a transaction of the caller."""
        await session.execute_many(
            f"INSERT INTO {self._table} ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)",
            [
                (
                    retry.task_id,
                    text(retry.retry_of, MOST_ID_CHARACTERS),
                    retry.at,
                    text(retry.identity, MOST_LABEL_CHARACTERS),
                    retry.sent,
                )
                for retry in retries
            ],
        )

    async def latest_in(self, session: Session, task_ids: Sequence[str]) -> dict[str, RequestedRetry]:
        """The latest retry of each of these tasks that has one, in a transaction of the caller."""
        rows = await session.rows_of(
            f"SELECT {_COLUMNS} FROM {self._table} WHERE retry_of IN ids", list(task_ids)
        )
        return {retry.retry_of: retry for retry in sorted(map(_retry, rows), key=lambda one: one.at)}

    async def latest(self, task_ids: Sequence[str]) -> dict[str, RequestedRetry]:
        """The latest retry of each of these tasks that has one."""
        async with self._database.reading() as session:
            return await self.latest_in(session, task_ids)

    async def links_in(self, session: Session, task_id: str) -> tuple[str | None, list[str]]:
        """The task that this one is a retry of, and its own retries, oldest first.

        In a transaction of the caller.
        """
        above = await session.rows(f"SELECT retry_of FROM {self._table} WHERE execution_id = ?", [task_id])
        below = await session.rows(
            f"SELECT execution_id FROM {self._table} WHERE retry_of = ? "
            f"ORDER BY at, execution_id LIMIT {_MOST_SHOWN}",
            [task_id],
        )
        return (above[0][0] if above else None), [row[0] for row in below]

    async def note_sent(self, task_ids: Sequence[str], at: float) -> None:
        """The broker has taken the messages of these new tasks."""
        async with changing(self._database) as session:
            await self.note_sent_in(session, task_ids, at)

    async def note_sent_in(self, session: Session, task_ids: Sequence[str], at: float) -> None:
        """The same, in a transaction of the caller."""
        await session.execute_many(
            f"UPDATE {self._table} SET sent = ? WHERE execution_id = ?",
            [(at, task_id) for task_id in task_ids],
        )

    async def remove(self, task_ids: Sequence[str]) -> None:
        """These new tasks were not sent."""
        async with changing(self._database) as session:
            await self.remove_in(session, task_ids)

    async def remove_in(self, session: Session, task_ids: Sequence[str]) -> None:
        """The same, in a transaction of the caller."""
        await session.execute_of(f"DELETE FROM {self._table} WHERE execution_id IN ids", list(task_ids))


def _retry(row: Row) -> RequestedRetry:
    task_id, retry_of, at, identity, sent = row
    return RequestedRetry(task_id=task_id, retry_of=retry_of, at=at, identity=identity, sent=sent)
