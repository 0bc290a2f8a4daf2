"""What a worker with ``presets.quarantine()`` says of its quarantine in its answer to ``inspect stats``."""

from typing import Annotated

import msgspec
from msgspec import Meta

from celery_health.wire.bounds import QUARANTINE_LENGTH, Count, Name, Seconds
from celery_health.wire.names import QUARANTINE_STAT


class QuarantinedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that the worker does not run. ``left``: seconds until its id leaves the quarantine."""

    id: Name
    name: Name
    left: Seconds


class QuarantineStats(msgspec.Struct, frozen=True, kw_only=True):
    """``queue``: the dead-letter queue to which the worker moves the messages of these tasks.

    ``waiting``: messages that the worker keeps until it can move them. ``problem`` says in a sentence why it
    could not; empty if nothing is in the way.
    """

    queue: Name
    tasks: Annotated[tuple[QuarantinedTask, ...], Meta(max_length=QUARANTINE_LENGTH)]
    waiting: Count = 0
    problem: Name = ""


def quarantine_stats(stats: object) -> QuarantineStats | None:
    """Read them from a worker's answer to ``inspect stats``; None where they are missing or invalid."""
    found = stats.get(QUARANTINE_STAT) if isinstance(stats, dict) else None
    try:
        return msgspec.convert(found, QuarantineStats)
    except msgspec.ValidationError:
        return None
