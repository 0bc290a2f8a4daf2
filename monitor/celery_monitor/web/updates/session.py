"""The session of one client: its subscriptions, and how far each one has come. No I/O."""

import secrets
from collections import deque
from collections.abc import Iterator

import msgspec

from celery_monitor.clocks import passed
from celery_monitor.web.updates.feeds.feed import Feed
from celery_monitor.web.updates.protocol import (
    HEARTBEAT_SECONDS,
    LONGEST_INTERVAL,
    Error,
    Heartbeat,
    Hello,
    Problem,
)
from celery_monitor.web.updates.versions import Part

_REMEMBERED = 300
"""Of how many messages of a subscription a client may resume after any."""


class Subscription:
    """One subscription. ``version``: of the feed's documents, as the client has them; None: not at all."""

    def __init__(self, identity: str, feed: Feed) -> None:
        self.id = identity
        self.feed = feed
        self.version: int | None = None
        self.encoded_id = msgspec.json.encode(identity)
        self.reported: str | None = None
        # The number of each message, and the version that the client has with it.
        self._sent: deque[tuple[int, int | None]] = deque(maxlen=_REMEMBERED)

    def sent(self, seq: int, version: int | None) -> None:
        """Note a message. ``version`` None: parts of it are still to come."""
        self.version = version
        self._sent.append((seq, version))

    def rewind(self, seq: int) -> None:
        """The client has received no message after this one."""
        while self._sent and self._sent[-1][0] > seq:
            self._sent.pop()
        self.version = self._sent[-1][1] if self._sent else None
        self.reported = None


class Session:
    """One client, across its connections. ``owner``: who may resume it. ``interval`` in seconds."""

    def __init__(self, owner: tuple[str, str]) -> None:
        self.id = secrets.token_urlsafe(18)
        self.owner = owner
        self.interval = LONGEST_INTERVAL
        self.subscriptions: dict[str, Subscription] = {}
        self._seq = 0
        self._last_sent = 0.0

    def hello(self, now: float, *, resumed: bool) -> bytes:
        """The first message of a connection."""
        self._last_sent = now
        message = Hello(
            session=self.id,
            resumed=resumed,
            interval=self.interval,
            heartbeat=HEARTBEAT_SECONDS,
            at=now,
        )
        return message.model_dump_json().encode()

    def rewind(self, seq: int) -> bool:
        """Go back to the last message that the client has received. False: it was never sent."""
        if seq > self._seq:
            return False
        self._seq = seq
        for subscription in self.subscriptions.values():
            subscription.rewind(seq)
        return True

    def messages(self, now: float, *, due: bool) -> Iterator[bytes]:
        """The messages to send now. Each is made when the one before is sent.

        ``due``: the interval is over. Otherwise only first snapshots and problems are sent.
        """
        for subscription in tuple(self.subscriptions.values()):
            yield from self._of(subscription, now, due=due)
        if due and passed(self._last_sent, HEARTBEAT_SECONDS, now):
            self._last_sent = now
            yield Heartbeat(seq=self._seq, at=now).model_dump_json().encode()

    def _of(self, subscription: Subscription, now: float, *, due: bool) -> Iterator[bytes]:
        feed = subscription.feed
        if feed.problem != subscription.reported:
            subscription.reported = feed.problem
            if feed.problem is None:
                # A snapshot says that all is well again.
                subscription.version = None
            else:
                yield error(subscription.id, Problem.UNAVAILABLE, feed.problem)
        if not feed.ready or not (due or subscription.version is None):
            return
        version = feed.documents.version
        if subscription.version == version:
            return
        parts = feed.documents.since(subscription.version)
        if not parts:
            subscription.version = version
        for number, part in enumerate(parts, 1):
            if self.subscriptions.get(subscription.id) is not subscription:
                return
            self._seq += 1
            self._last_sent = now
            subscription.sent(self._seq, version if number == len(parts) else None)
            yield self._message(subscription, part, now)

    def _message(self, subscription: Subscription, part: Part, now: float) -> bytes:
        return b'{"op":"%b","id":%b,"seq":%d,"at":%.3f,%b' % (
            part.op.encode(),
            subscription.encoded_id,
            self._seq,
            now,
            part.body,
        )


def error(identity: str | None, problem: Problem, detail: str) -> bytes:
    """An error as a message."""
    return Error(id=identity, problem=problem, detail=detail).model_dump_json().encode()
