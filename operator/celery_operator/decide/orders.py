"""The orders to a sidecar."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from celery_health.wire import orders as wire
from celery_health.wire.names import (
    DRAIN_PATH,
    QUARANTINE_PATH,
    RESTART_HOLD_PATH,
    TASK_EVENTS_PATH,
    UNDRAIN_PATH,
)

DRAIN_EXPIRY_SECONDS = 300.0
"""Longer than an operator takes to restart: a drain must not end, and begin again, for that."""
DRAIN_RENEWAL_SECONDS = 240.0
"""A drain that ends within this time is ordered again."""


@dataclass(frozen=True, slots=True)
class RestartHoldOrder:
    """Set a restart hold of ``seconds`` on this pod; 0 ends it."""

    pod: str
    uid: str
    seconds: int

    @property
    def path(self) -> str:
        """The path of the sidecar that takes the order."""
        return RESTART_HOLD_PATH

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON object that goes with the order."""
        body: Mapping[str, Any] = msgspec.to_builtins(wire.RestartHoldBody(self.seconds))
        return body


@dataclass(frozen=True, slots=True)
class DrainOrder:
    """Take no more messages, or take them again: sent until the pod's report says that it is so.

    A drain ends by itself ``DRAIN_EXPIRY_SECONDS`` after the last order, and so is ordered again in time.
    """

    pod: str
    uid: str
    drain: bool

    @property
    def path(self) -> str:
        """The path of the sidecar that takes the order."""
        return DRAIN_PATH if self.drain else UNDRAIN_PATH

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON object that goes with the order."""
        if not self.drain:
            return {}
        body: Mapping[str, Any] = msgspec.to_builtins(wire.DrainBody(DRAIN_EXPIRY_SECONDS))
        return body


@dataclass(frozen=True, slots=True)
class QuarantineOrder:
    """Move messages with these task ids to ``queue`` instead of running them; no ids end it."""

    pod: str
    uid: str
    queue: str
    ids: tuple[str, ...]

    @property
    def path(self) -> str:
        """The path of the sidecar that takes the order."""
        return QUARANTINE_PATH

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON object that goes with the order."""
        body: Mapping[str, Any] = msgspec.to_builtins(wire.QuarantineBody(self.queue, self.ids))
        return body


@dataclass(frozen=True, slots=True)
class TaskEventsOrder:
    """Send task events, or send them no longer."""

    pod: str
    uid: str
    enabled: bool

    @property
    def path(self) -> str:
        """The path of the sidecar that takes the order."""
        return TASK_EVENTS_PATH

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON object that goes with the order."""
        body: Mapping[str, Any] = msgspec.to_builtins(wire.TaskEventsBody(self.enabled))
        return body


Order = RestartHoldOrder | DrainOrder | QuarantineOrder | TaskEventsOrder
