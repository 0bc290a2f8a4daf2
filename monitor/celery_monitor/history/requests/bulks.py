"""Actions on many tasks in the database: the tasks are fixed when the action is proposed."""

from collections.abc import Sequence

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Row, Session
from celery_monitor.history.requests.transaction import changing
from celery_monitor.history.rows.clean import MOST_LABEL_CHARACTERS, text
from celery_monitor.records.bulk import Bulk, BulkAction, BulkItem, BulkProgress, BulkState, ItemState

_BULK = (
    "id",
    "action",
    "filter",
    "terminate",
    "signal",
    "identity",
    "at",
    "expires",
    "count",
    "state",
    "ended",
)
_ITEM = ("number", "execution_id", "state", "new_id", "problem")
_MOST_PROBLEM = 500
_MOST_PROBLEMS = 20


class Bulks:
    """The actions of one database. Every method raises HistoryUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bulks = f"{database.prefix}bulk_actions"
        self._items = f"{database.prefix}bulk_items"

    async def propose(self, bulk: Bulk, secret: str, task_ids: Sequence[str]) -> None:
        """Store a proposal. ``secret``: a digest of what confirms it."""
        async with changing(self._database) as session:
            await session.execute(
                f"INSERT INTO {self._bulks} ({', '.join(_BULK)}, secret) VALUES ({', '.join('?' * 12)})",
                [
                    bulk.id,
                    bulk.action.value,
                    bulk.filter,
                    int(bulk.terminate),
                    bulk.signal,
                    text(bulk.identity, MOST_LABEL_CHARACTERS),
                    bulk.at,
                    bulk.expires,
                    bulk.count,
                    bulk.state.value,
                    bulk.ended,
                    secret,
                ],
            )
            await session.execute_many(
                f"INSERT INTO {self._items} (bulk_id, number, execution_id, state) VALUES (?, ?, ?, ?)",
                [(bulk.id, number, task_id, ItemState.WAITING) for number, task_id in enumerate(task_ids)],
            )

    async def start(self, bulk_id: str, secret: str, identity: str, now: float) -> bool:
        """Have a proposal run. False if it has another secret, has expired, or was started before."""
        async with changing(self._database) as session:
            changed = await session.execute(
                f"UPDATE {self._bulks} SET state = ?, identity = ?, at = ? "
                "WHERE id = ? AND state = ? AND secret = ? AND expires >= ?",
                [BulkState.RUNNING.value, identity, now, bulk_id, BulkState.PROPOSED.value, secret, now],
            )
        return changed > 0

    async def get(self, bulk_id: str) -> Bulk | None:
        """An action, None if there is none."""
        async with self._database.reading() as session:
            rows = await session.rows(f"SELECT {', '.join(_BULK)} FROM {self._bulks} WHERE id = ?", [bulk_id])
        return _bulk(rows[0]) if rows else None

    async def running(self) -> list[Bulk]:
        """Those that are not done, oldest first."""
        async with self._database.reading() as session:
            rows = await session.rows(
                f"SELECT {', '.join(_BULK)} FROM {self._bulks} WHERE state = ? ORDER BY at, id",
                [BulkState.RUNNING.value],
            )
        return [_bulk(row) for row in rows]

    async def count_waiting_cancels(self) -> int:
        """How many tasks wait for a cancel by an action that was started."""
        async with self._database.reading() as session:
            rows = await session.rows(
                f"SELECT count(*) FROM {self._bulks} bulk JOIN {self._items} item ON item.bulk_id = bulk.id "
                "WHERE bulk.action = ? AND bulk.state = ? AND item.state = ?",
                [BulkAction.CANCEL.value, BulkState.RUNNING.value, ItemState.WAITING.value],
            )
        return int(rows[0][0])

    async def next_items(self, bulk_id: str, limit: int) -> list[BulkItem]:
        """Tasks that are not done, those first of which it is not certain whether they were sent."""
        async with self._database.reading() as session:
            rows = await session.rows(
                f"SELECT {', '.join(_ITEM)} FROM {self._items} WHERE bulk_id = ? AND state IN (?, ?) "
                f"ORDER BY state DESC, number LIMIT {limit}",
                [bulk_id, ItemState.WAITING.value, ItemState.SENDING.value],
            )
        return [_item(row) for row in rows]

    async def change(self, bulk_id: str, items: Sequence[BulkItem]) -> None:
        """Store the new states of tasks."""
        async with changing(self._database) as session:
            await self.change_in(session, bulk_id, items)

    async def change_in(self, session: Session, bulk_id: str, items: Sequence[BulkItem]) -> None:
        """The same in a transaction of the caller."""
        await session.execute_many(
            f"UPDATE {self._items} SET state = ?, new_id = ?, problem = ? WHERE bulk_id = ? AND number = ?",
            [
                (item.state.value, item.new_id, text(item.problem, _MOST_PROBLEM), bulk_id, item.number)
                for item in items
            ],
        )

    async def progress(self, bulk_id: str) -> BulkProgress:
        """How far an action is."""
        async with self._database.reading() as session:
            states = await session.rows(
                f"SELECT state, count(*) FROM {self._items} WHERE bulk_id = ? GROUP BY state", [bulk_id]
            )
            problems = await session.rows(
                f"SELECT problem, count(*) FROM {self._items} WHERE bulk_id = ? AND problem IS NOT NULL "
                f"GROUP BY problem ORDER BY count(*) DESC, problem LIMIT {_MOST_PROBLEMS}",
                [bulk_id],
            )
        return BulkProgress(
            states={ItemState(state): int(count) for state, count in states},
            problems=[(problem, int(count)) for problem, count in problems],
        )

    async def finish(self, bulk_id: str, now: float) -> None:
        """All tasks are done."""
        async with changing(self._database) as session:
            await session.execute(
                f"UPDATE {self._bulks} SET state = ?, ended = ? WHERE id = ?",
                [BulkState.DONE.value, now, bulk_id],
            )

    async def delete_expired(self, now: float) -> None:
        """Forget proposals that were not confirmed in time."""
        async with changing(self._database) as session:
            await delete_bulks(self._database.prefix, session, "state = 'proposed' AND expires < ?", now)


async def delete_bulks(prefix: str, session: Session, condition: str, value: float) -> None:
    """Delete the actions that meet a condition with one parameter, with their tasks."""
    found = f"SELECT id FROM {prefix}bulk_actions WHERE {condition}"
    await session.execute(f"DELETE FROM {prefix}bulk_items WHERE bulk_id IN ({found})", [value])
    await session.execute(f"DELETE FROM {prefix}bulk_actions WHERE {condition}", [value])


def _bulk(row: Row) -> Bulk:
    values = dict(zip(_BULK, row, strict=True))
    values["terminate"] = bool(values["terminate"])
    values["action"], values["state"] = BulkAction(values["action"]), BulkState(values["state"])
    return Bulk(**values)


def _item(row: Row) -> BulkItem:
    number, task_id, state, new_id, problem = row
    return BulkItem(number=number, task_id=task_id, state=ItemState(state), new_id=new_id, problem=problem)
