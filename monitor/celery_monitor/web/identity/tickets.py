"""Tickets, which prove the identity of a caller once, in the address of the WebSocket."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from celery_monitor.web.identity.caller import Caller

TICKET_SECONDS = 30.0
_MAX_TICKETS = 2000
_MAX_LENGTH = 100


class Holder(NamedTuple):
    """Who has a ticket. ``still_valid``: whether the credential with which it was asked for is."""

    caller: Caller
    still_valid: Callable[[], Awaitable[bool]]


class Tickets:
    """Makes tickets and takes each one once. If too many wait, the oldest are void."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tickets: dict[bytes, tuple[Holder, float]] = {}

    def make(self, holder: Holder) -> tuple[str, float]:
        """A new ticket, and when it expires (Unix time in seconds)."""
        now = self._clock()
        self._tickets = {key: entry for key, entry in self._tickets.items() if entry[1] > now}
        while len(self._tickets) >= _MAX_TICKETS:
            del self._tickets[next(iter(self._tickets))]
        ticket, expires = secrets.token_urlsafe(32), now + TICKET_SECONDS
        self._tickets[_digest(ticket)] = holder, expires
        return ticket, expires

    def redeem(self, ticket: str) -> Holder | None:
        """Who has the ticket, which is used up; None if it was used before, or has expired."""
        if len(ticket) > _MAX_LENGTH:
            return None
        # The digest is searched, not the ticket: the time of the search says nothing of the ticket.
        holder, expires = self._tickets.pop(_digest(ticket), (None, 0.0))
        return holder if expires > self._clock() else None


def _digest(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).digest()
