"""The bodies of orders. Undrain has none."""

from typing import Annotated

import msgspec
from msgspec import Meta

from celery_health.wire.bounds import (
    LONGEST_DRAIN_EXPIRY,
    LONGEST_RESTART_HOLD,
    ORDER_BYTES,
    QUARANTINE_BYTES,
    QUARANTINE_LENGTH,
    QUEUE_BYTES,
    Name,
    Version,
)
from celery_health.wire.documents import Format


class RestartHoldBody(msgspec.Struct, frozen=True):
    """For ``seconds`` seconds no verdict fails the liveness probe; 0 ends the restart hold."""

    seconds: Annotated[float, Meta(ge=0, le=LONGEST_RESTART_HOLD)]


class DrainBody(msgspec.Struct, frozen=True):
    """The drain ends ``expires_after`` seconds after the last such order; None: it does not end by itself."""

    expires_after: Annotated[float, Meta(ge=1, le=LONGEST_DRAIN_EXPIRY)] | None = None


class TaskEventsBody(msgspec.Struct, frozen=True):
    """Whether the worker is to send task events. Events that its own options switch on stay on."""

    enabled: bool


class QuarantineBody(msgspec.Struct, frozen=True):
    """The complete quarantine: messages of tasks with these ``ids`` go to the dead-letter ``queue``.

    It replaces the quarantine that was in force. Without ids none is in force.
    """

    queue: Name
    ids: Annotated[tuple[Name, ...], Meta(max_length=QUARANTINE_LENGTH)]

    def __post_init__(self) -> None:
        """Refuse a name that no queue can have; the readers of documents report the ValueError."""
        if not 0 < len(self.queue.encode(errors="replace")) <= QUEUE_BYTES:
            raise ValueError(f"Expected a queue name of 1 to {QUEUE_BYTES} bytes")


class QuarantineDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The file that the sidecar writes and the agent reads: the quarantine in force."""

    version: Version
    quarantine: QuarantineBody


RESTART_HOLD_ORDER = Format("order", RestartHoldBody, ORDER_BYTES)
DRAIN_ORDER = Format("order", DrainBody, ORDER_BYTES)
TASK_EVENTS_ORDER = Format("order", TaskEventsBody, ORDER_BYTES)
QUARANTINE_ORDER = Format("order", QuarantineBody, QUARANTINE_BYTES)
QUARANTINE_DOCUMENT = Format("quarantine file", QuarantineDocument, QUARANTINE_BYTES + 64)
