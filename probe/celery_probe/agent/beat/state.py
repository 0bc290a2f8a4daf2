"""What the agent knows of beat: written by the thread that runs beat's loop, read by the reporter."""

from __future__ import annotations

from typing import Any

STARTING = "starting"
TICKING = "ticking"
STOPPING = "stopping"


class Beat:
    """Shared without a lock: beat's loop sets each attribute in one step, and the reporter only reads.

    ``blind`` is set where the agent cannot see the ticks.
    """

    def __init__(self) -> None:
        self.service: Any = None
        self.scheduler = ""
        self.max_interval: float | None = None
        self.initialised_mono: float | None = None
        self.blind = False
        self.thread = 0
        self.tick_began_mono: float | None = None
        self.tick_mono: float | None = None
        self.due_in: float | None = None
        self.ticks = 0
        self.sent = 0
        self.entries: int | None = None
        self.ended = False


def phase(beat: Beat) -> str:
    """Where beat stands. One whose ticks cannot be seen is believed to tick."""
    if beat.ended or _stops(beat.service):
        return STOPPING
    ticked = beat.tick_began_mono is not None or beat.tick_mono is not None
    return TICKING if ticked or beat.blind else STARTING


def _stops(service: Any) -> bool:
    """Whether Celery's own loop was asked to end."""
    shutdown = getattr(service, "_is_shutdown", None)
    return bool(shutdown is not None and shutdown.is_set())
