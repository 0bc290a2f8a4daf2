"""From when on the fleet's evidence counts against it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FleetThresholds:
    """All times are seconds."""

    stalled_after: float = 60.0
    """A worker that takes nothing for longer than this, while messages wait for it, is stalled."""

    hung_after: float | None = None
    """A task that runs for longer than this hangs, whatever its own limit; None leaves it to the limit."""

    hung_grace: float = 30.0
    """What a task may take beyond its own limit: killing it and starting a new child takes a while."""

    hoarding_floor: int = 100
    """A worker that holds fewer waiting messages than this hoards none, however small its pool."""

    hoarding_factor: int = 10
    """How many times its prefetch limit, or its slots, a worker may hold in waiting messages."""

    orphan_share: float = 0.8
    """The part of the visibility timeout after which a message without an owner is told."""

    backlog: int = 1000
    """Messages ready in one queue above which it is too long."""


DEFAULT_FLEET_THRESHOLDS = FleetThresholds()
