"""A duty that one of several monitors with one database has at a time."""

import os
import secrets
import socket
from collections.abc import Callable

from celery_monitor.clocks import passed
from celery_monitor.history.database.session import Session
from celery_monitor.history.history import History


class Duty:
    """Renews its lease in time. ``seconds``: after which another monitor takes over."""

    def __init__(self, history: History, name: str, seconds: float, clock: Callable[[], float]) -> None:
        self._history = history
        self._name = name
        self._seconds = seconds
        self._clock = clock
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._asked_at = self._tried_at = 0.0
        self.held = False
        """Whether this monitor had the duty when it last asked."""

    @property
    def may_have_ended(self) -> bool:
        """Whether this monitor has stood still for so long that another one may have the duty by now.

        It was suspended, or is too slow. One that asks a database in vain does not stand still.
        """
        # The lease may be older than the last try by a third of it.
        return passed(self._tried_at, self._seconds * 2 / 3, self._clock())

    @property
    def is_certain(self) -> bool:
        """Whether no other monitor can have the duty: the lease that this one has got has not expired."""
        return self.held and not passed(self._asked_at, self._seconds, self._clock())

    async def hold(self) -> bool:
        """Whether this monitor has the duty.

        Raises:
            HistoryUnavailableError: the database does not answer. ``held`` stays.
        """
        now = self._tried_at = self._clock()
        if passed(self._asked_at, self._seconds / 3, now):
            self.held = await self._history.leases.hold(self._name, self._holder, self._seconds)
            self._asked_at = now
        return self.held

    async def hold_in(self, session: Session) -> bool:
        """Whether this monitor has the duty still, asked now and in a transaction of the caller."""
        self.held = await self._history.leases.hold_in(session, self._name, self._holder, self._seconds)
        return self.held
