"""Readings of brokers and result backends: every reader returns them, and the verdicts use them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from typing import Protocol

from celery_health.catalogue.brokers import BrokerReason


@dataclass(frozen=True, slots=True)
class QueueReading:
    """The ready messages of one queue in all its priority lists; None if unknown.

    A queue that does not exist has 0 messages and ``exists`` False.
    """

    name: str
    ready: int | None
    exists: bool | None = None
    consumers: int | None = None
    unacked: int | None = None
    """Unacknowledged messages; None if the broker does not show them by queue."""
    by_priority: tuple[tuple[int, int], ...] = field(default=(), compare=False)
    """The ready messages of each priority list of Redis that has some, the first delivered first."""
    in_rate: float | None = field(default=None, compare=False)
    out_rate: float | None = field(default=None, compare=False)
    """Messages that are published and delivered per second, where RabbitMQ's management API shows it."""
    exclusive: bool = False
    """Whether only the connection that has declared it may read it, so that ``ready`` is None."""
    problem: str = field(default="", compare=False)
    """Why this queue alone cannot be used, in a sentence; empty if it can."""


@dataclass(frozen=True, slots=True)
class UnackedReading:
    """The unacknowledged messages of all queues of one Redis database.

    ``oldest_age``: seconds since the oldest was delivered, None if there is none.
    """

    count: int
    oldest_age: float | None


@dataclass(frozen=True, slots=True)
class MemoryReading:
    """The memory of a Redis server, in bytes; a ``limit`` of 0 means that there is none."""

    used: int
    limit: int


class Found(Enum):
    """How many of the queues that were not asked for a reading has."""

    ALL = "all"
    NOT_YET = "not yet"
    """The search goes on with the next read."""
    SOME = "some"
    """There are too many, or the user may not search."""


@dataclass(frozen=True, slots=True)
class BrokerReading:
    """What one read of a broker returned. ``reachable`` is None if unknown, which never counts as yes.

    ``address`` is the URL without credentials; ``message`` is one sentence without secrets. ``other_queues``:
    queues with ready messages that were not asked for, as far as ``found`` says.
    """

    kind: str
    address: str
    reachable: bool | None
    reason: BrokerReason
    message: str
    queues: tuple[QueueReading, ...] = ()
    other_queues: tuple[QueueReading, ...] = ()
    unacked: UnackedReading | None = None
    memory: MemoryReading | None = field(default=None, compare=False)
    """None where the broker does not show it."""
    failed_addition: str = field(default="", compare=False)
    """Why a second source, such as the management API, adds nothing; empty if it does or is not asked."""
    found: Found = field(default=Found.ALL, compare=False)


@dataclass(frozen=True, slots=True)
class RedisNaming:
    """How an application names its Redis keys: kombu's priority_steps, sep, global_keyprefix, unacked_key."""

    priority_steps: tuple[int, ...] = (0, 3, 6, 9)
    separator: str = "\x06\x16"
    key_prefix: str = ""
    unacked_key: str = "unacked"
    unacked_index_key: str = "unacked_index"


def without_queues(queues: tuple[QueueReading, ...], patterns: Sequence[str]) -> tuple[QueueReading, ...]:
    """The queues whose names match none of these patterns."""
    return tuple(queue for queue in queues if not matches_any(queue.name, patterns))


def matches_any(queue: str, patterns: Sequence[str]) -> bool:
    """Whether the name of a queue matches one of these patterns, in which * stands for any characters."""
    return any(fnmatchcase(queue, one) for one in patterns)


class BrokerReader(Protocol):
    """Reads one broker. It does not raise for a broker that fails: that is a reading too."""

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """Read the broker and the named queues, within the reader's own timeouts."""

    async def close(self) -> None:
        """Close the connection."""
