"""A reading of one broker for several CeleryDeployments, and what each of them is shown of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from celery_health.broker import BrokerReading, QueueReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_health.urls import UrlError, parse

_OF_A_QUEUE = frozenset({BrokerReason.NOT_PERMITTED, BrokerReason.ERROR})
"""Reasons that one queue alone can give a whole reading."""

Lengths = tuple[object, ...]
"""What a CeleryDeployment at rest waits to see changed."""


class Source(NamedTuple):
    """What has to be the same for a reader to be shared."""

    url: str
    naming: RedisNaming
    management_url: str | None
    master_name: str | None

    @property
    def finds_queues(self) -> bool:
        """Whether its readings have queues that were not asked for."""
        try:
            return parse(self.url).kind.is_redis or self.management_url is not None
        except UrlError:
            return False


@dataclass(frozen=True, slots=True)
class TimedReading:
    """A reading, and when it ended, in seconds of the clock.

    ``unchanged_at``: until when the queues have been seen with the lengths of the reading before this one;
    None if they have not been read in between.
    """

    reading: BrokerReading
    at: float
    unchanged_at: float | None = None


@dataclass(frozen=True, slots=True)
class SharedRead:
    """A reading of all queues of all who share it."""

    reading: BrokerReading
    queues: Mapping[str, QueueReading]
    names: frozenset[str]
    began: float
    ended: float

    def lengths(self, names: Sequence[str]) -> Lengths:
        """What is to be seen of these queues."""
        found = (self.queues.get(name) for name in names)
        return self.reading.reason, *(queue and queue.ready for queue in found)

    @property
    def refuses_some(self) -> bool:
        """Whether the server did not let this reader read some queues, and let it read others."""
        unknown = [queue.ready is None for queue in self.reading.queues]
        return self.reading.reason in _OF_A_QUEUE and any(unknown) and not all(unknown)


def part_of(read: SharedRead, names: tuple[str, ...], source: Source) -> BrokerReading:
    """The reading as it would be if only these queues had been read."""
    if read.names == frozenset(names):
        return read.reading
    others = [queue for name, queue in read.queues.items() if name not in names and queue.ready]
    found = (*read.reading.other_queues, *(others if source.finds_queues else ()))
    return replace(
        read.reading,
        queues=tuple(read.queues[name] for name in names if name in read.queues),
        other_queues=tuple(sorted(found, key=lambda queue: queue.name)),
    )
