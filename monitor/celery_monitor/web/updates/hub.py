"""The hub: the feeds, the sessions, and the tick at which changes are sent."""

import asyncio
from typing import Protocol

from celery_monitor.web.identity.caller import Caller
from celery_monitor.web.updates.feeds.feed import Feed, Sources
from celery_monitor.web.updates.feeds.feeds import Feeds, Subject
from celery_monitor.web.updates.protocol import RESUME_SECONDS, SHORTEST_INTERVAL, CloseCode
from celery_monitor.web.updates.session import Session, Subscription

MAX_CLIENTS = 500
MAX_CLIENTS_OF_ONE = 250
"""Of one identity."""
MAX_SUBSCRIPTIONS = 20
MAX_ABSENT = 500
"""Sessions whose client has gone. More than these are forgotten, the oldest first."""


class Client(Protocol):
    """The connection of a session."""

    def wake(self, *, due: bool) -> None:
        """There may be something to send. ``due``: the interval is over."""

    def end(self, code: CloseCode) -> None:
        """Close the connection."""


class Hub:
    """Sends each change to all clients: it is computed once for all equal subscriptions."""

    def __init__(self, sources: Sources) -> None:
        self._clock = sources.clock
        self.feeds = Feeds(sources, self._ready)
        self._clients: dict[Session, Client] = {}
        self._absent: dict[str, tuple[Session, float]] = {}
        self._ticks = 0

    @property
    def clients(self) -> int:
        """The number of connections."""
        return len(self._clients)

    async def run(self) -> None:
        """Send changes for ever."""
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        while True:
            next_at = max(next_at + SHORTEST_INTERVAL, loop.time())
            await asyncio.sleep(next_at - loop.time())
            self.tick()

    def tick(self) -> None:
        """Bring the feeds up to date, and wake the clients whose interval is over."""
        self._ticks += 1
        self.feeds.keep_up()
        for session, client in tuple(self._clients.items()):
            if self._ticks % round(session.interval / SHORTEST_INTERVAL) == 0:
                client.wake(due=True)
        self._forget(self._clock() - RESUME_SECONDS, MAX_ABSENT)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for one more connection."""
        return len(self._clients) >= MAX_CLIENTS

    def is_full_for(self, caller: Caller) -> bool:
        """Whether the identity has as many connections as it may."""
        own = sum(session.owner == _owner(caller) for session in self._clients)
        return own >= MAX_CLIENTS_OF_ONE

    def connect(self, caller: Caller, client: Client) -> Session:
        """A new session."""
        session = Session(_owner(caller))
        self._clients[session] = client
        return session

    def resume(self, session: Session, identity: str, seq: int) -> Session | None:
        """Let the client of a new session go on with an earlier one, as it was after the message ``seq``.

        None: the earlier session is not known, or belongs to another identity.
        """
        earlier = self._session(identity)
        if earlier is None or earlier is session or earlier.owner != session.owner:
            return None
        if not earlier.rewind(seq):
            return None
        self._absent.pop(identity, None)
        before = self._clients.pop(earlier, None)
        if before is not None:
            before.end(CloseCode.RESUMED)
        self._clients[earlier] = self._clients.pop(session)
        return earlier

    def leave(self, session: Session, client: Client, *, for_good: bool) -> None:
        """The connection of a session has ended. ``for_good``: the client does not come back."""
        if self._clients.get(session) is not client:
            return
        del self._clients[session]
        if for_good or not session.subscriptions:
            self._drop(session)
        else:
            self._absent[session.id] = session, self._clock()

    def subscribe(self, session: Session, identity: str, subject: Subject) -> None:
        """Begin a subscription, or replace the one with the same id.

        Raises:
            FullError: there are too many different subscriptions.
        """
        feed = self.feeds.acquire(subject)
        self.unsubscribe(session, identity)
        session.subscriptions[identity] = Subscription(identity, feed)
        if feed.ready and session in self._clients:
            self._clients[session].wake(due=False)

    def unsubscribe(self, session: Session, identity: str) -> None:
        """End a subscription, if there is one."""
        subscription = session.subscriptions.pop(identity, None)
        if subscription is not None:
            self.feeds.release(subscription.feed)

    def end_all(self) -> None:
        """Close all connections: the monitor shuts down."""
        for client in tuple(self._clients.values()):
            client.end(CloseCode.GOING_AWAY)

    def _session(self, identity: str) -> Session | None:
        if identity in self._absent:
            return self._absent[identity][0]
        return next((session for session in self._clients if session.id == identity), None)

    def _ready(self, feed: Feed) -> None:
        for session, client in tuple(self._clients.items()):
            if any(subscription.feed is feed for subscription in session.subscriptions.values()):
                client.wake(due=False)

    def _forget(self, before: float, most: int) -> None:
        """Drop absent sessions that are too old, and the oldest if there are too many."""
        for identity, (session, left) in tuple(self._absent.items()):
            if left >= before and len(self._absent) <= most:
                return
            del self._absent[identity]
            self._drop(session)

    def _drop(self, session: Session) -> None:
        for identity in tuple(session.subscriptions):
            self.unsubscribe(session, identity)


def _owner(caller: Caller) -> tuple[str, str]:
    return caller.source.value, caller.name
