"""Leases: of several monitors on one database, one has a duty at a time."""

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Session
from celery_monitor.history.requests.transaction import changing


class Leases:
    """Leases in one database. An SQLite file belongs to one monitor, which has every duty."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hold(self, duty: str, holder: str, seconds: float) -> bool:
        """Take or keep the lease of a duty for some seconds. False while another monitor has it.

        Raises:
            HistoryUnavailableError: the database does not answer.
        """
        if self._database.is_sqlite:
            return True
        async with changing(self._database) as session:
            return await self.hold_in(session, duty, holder, seconds)

    async def hold_in(self, session: Session, duty: str, holder: str, seconds: float) -> bool:
        """The same in a transaction of the caller: until its end no other monitor takes the lease."""
        if self._database.is_sqlite:
            return True
        # The server's clock: those of the monitors may differ.
        now = "extract(epoch from clock_timestamp())"
        changed = await session.execute(
            f"INSERT INTO {self._database.prefix}leases AS lease (duty, holder, expires) "
            f"VALUES (?, ?, {now} + ?) ON CONFLICT (duty) DO UPDATE "
            "SET holder = excluded.holder, expires = excluded.expires "
            f"WHERE lease.holder = excluded.holder OR lease.expires < {now}",
            [duty, holder, seconds],
        )
        return changed > 0
