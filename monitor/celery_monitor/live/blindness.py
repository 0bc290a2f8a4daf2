"""Whether the monitor sees what happens. Pure: the routes of probes read it."""

from dataclasses import dataclass
from typing import Protocol

from celery_health.verdicts.text import counted, lasting, listed

BLIND_AFTER_SECONDS = 60.0
"""A worker sends a heartbeat every 2 seconds, so a minute without any event is no accident."""


class Source(Protocol):
    """Where events come from: the receiver."""

    @property
    def connected(self) -> bool:
        """Whether the broker delivers now."""

    @property
    def last_received(self) -> float | None:
        """When the last message came, Unix time."""

    @property
    def error(self) -> str | None:
        """Why it does not deliver, as a sentence."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What the monitor receives, and what else shows workers.

    ``since``: since when the monitor runs or, if later, since when the broker delivers.
    ``workers_elsewhere``: how many workers something other than events shows, None if unknown; ``source``
    says what: the operator, remote control, the broker.
    """

    now: float
    since: float
    connected: bool
    error: str | None = None
    last_event: float | None = None
    workers_elsewhere: int | None = None
    source: str = ""
    without_task_events: tuple[str, ...] = ()


def not_connected(sight: Sight) -> str | None:
    """Why no event can come, as a sentence."""
    if sight.connected:
        return None
    return sight.error or "The broker does not deliver events yet."


def blind(sight: Sight) -> str | None:
    """Why the monitor is blind, as a sentence: workers live, and no event came."""
    if not sight.connected or not sight.workers_elsewhere:
        return None
    silence = sight.now - max(sight.since, sight.last_event or sight.since)
    if silence < BLIND_AFTER_SECONDS:
        return None
    workers = counted(sight.workers_elsewhere, "worker")
    return (
        f"The monitor is blind: no event came for {lasting(silence)}, and {sight.source} shows {workers}. "
        "Start the workers without --without-heartbeat, and check that they use this broker and database."
    )


def events_are_off(sight: Sight) -> str | None:
    """Which workers run tasks and send no task events, as a sentence."""
    names = sight.without_task_events
    if not names:
        return None
    workers, their = ("worker sends", "Its") if len(names) == 1 else ("workers send", "Their")
    return (
        f"{len(names)} {workers} no task events, although the monitor switches them on: {listed(names)}. "
        f"{their} tasks are missing in the history. Start workers with -E, or allow remote control."
    )
