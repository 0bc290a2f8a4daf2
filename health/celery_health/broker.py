"""What a broker or result store answered: the port that every reader fills and every verdict reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from celery_health.catalogue.brokers import BrokerReason


@dataclass(frozen=True, slots=True)
class QueueReading:
    """Messages ready in one queue over all its priority lists; None where the broker did not tell.

    A queue that the broker does not know is 0 with ``exists`` False.
    """

    name: str
    ready: int | None
    exists: bool | None = None
    consumers: int | None = None
    unacked: int | None = None
    """Messages handed out and not acknowledged; None where the broker does not tell it by queue."""


@dataclass(frozen=True, slots=True)
class UnackedReading:
    """Redis: the messages of all queues of the database that were handed out and not acknowledged.

    ``oldest_age``: seconds since the oldest was handed out, None if there is none.
    """

    count: int
    oldest_age: float | None


@dataclass(frozen=True, slots=True)
class BrokerReading:
    """One look at a broker. ``reachable`` is None where nothing can be said: never read that as yes.

    ``address`` is the URL without credentials; ``message`` is one sentence without secrets.
    ``other_queues``: queues with messages that were not asked for, as far as they have been found.
    """

    kind: str
    address: str
    reachable: bool | None
    reason: BrokerReason
    message: str
    queues: tuple[QueueReading, ...] = ()
    other_queues: tuple[QueueReading, ...] = ()
    unacked: UnackedReading | None = None


@dataclass(frozen=True, slots=True)
class RedisNaming:
    """How an application names its Redis keys: kombu's priority_steps, sep, global_keyprefix, unacked_key."""

    priority_steps: tuple[int, ...] = (0, 3, 6, 9)
    separator: str = "\x06\x16"
    key_prefix: str = ""
    unacked_key: str = "unacked"
    unacked_index_key: str = "unacked_index"


class BrokerReader(Protocol):
    """Reads one broker. Never raises for an ill broker: that is a reading."""

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """Look at the broker and the named queues, within the reader's own timeouts."""

    async def close(self) -> None:
        """Give back the connection."""
