"""One event of Celery, as a worker or a client sent it.

The event is decoded straight into this type, so its bounds are those of a decoded event. Every field that
Celery sends for its own events has a place; the other fields of a custom event go into ``progress``.
"""

from typing import Annotated, Self

from msgspec import Meta, Struct

# Up to the year 2100. The bounds also refuse NaN and infinity.
Seconds = Annotated[float, Meta(ge=0, le=4_102_444_800)]
# What a double and a signed 64-bit column can both hold.
Counter = Annotated[int, Meta(ge=0, le=2**53)]
# Names of tasks, workers, queues and the like. No database stores a NUL in a text.
Name = Annotated[str, Meta(min_length=1, max_length=512)]
ShortText = Annotated[str, Meta(max_length=512)] | None
# A number or a name, as the one who ended the task gave it.
Signal = Annotated[int, Meta(ge=0, le=1024)] | ShortText

SENT = "task-sent"
RECEIVED = "task-received"
STARTED = "task-started"
SUCCEEDED = "task-succeeded"
FAILED = "task-failed"
RETRIED = "task-retried"
REVOKED = "task-revoked"
REJECTED = "task-rejected"
CANCELLED = "task-cancelled"
ONLINE = "worker-online"
HEARTBEAT = "worker-heartbeat"
OFFLINE = "worker-offline"
# Celery's own types. The main process of a worker sends its events, except those of clients (task-sent).
CELERYS = frozenset({
    SENT, RECEIVED, STARTED, SUCCEEDED, FAILED, RETRIED, REVOKED, REJECTED, CANCELLED,
    ONLINE, HEARTBEAT, OFFLINE,
})  # fmt: skip


class Event(Struct, kw_only=True, gc=False):
    """One event. ``timestamp`` is Unix time in seconds of the sender's clock until the merger corrects it.

    ``clock`` is the sender's Lamport clock, ``hostname`` the name of the worker or client, ``pid`` its
    process. Fields that an event of this type does not carry are None.
    """

    type: Name
    hostname: Name
    timestamp: Seconds
    clock: Counter = 0
    pid: Counter = 0
    uuid: Name | None = None
    # task-sent, task-received
    name: Name | None = None
    args: str | None = None
    kwargs: str | None = None
    root_id: Name | None = None
    parent_id: Name | None = None
    retries: Counter | None = None
    eta: ShortText = None
    expires: ShortText = None
    # task-sent
    queue: ShortText = None
    exchange: ShortText = None
    routing_key: ShortText = None
    # the end of a run
    result: str | None = None
    runtime: Seconds | None = None
    exception: str | None = None
    traceback: str | None = None
    requeue: bool | None = None
    # task-revoked
    expired: bool | None = None
    terminated: bool | None = None
    signum: Signal = None
    # custom events: JSON text of the fields that are not Celery's
    progress: str | None = None
    # worker events
    freq: Seconds | None = None
    active: Counter | None = None
    processed: Counter | None = None
    loadavg: Annotated[list[float], Meta(max_length=8)] | None = None
    sw_ver: ShortText = None


class WorkerEvent(Struct, frozen=True, kw_only=True):
    """A worker came online, sent a heartbeat, or went offline.

    ``kind``: ``worker-online``, ``worker-heartbeat`` or ``worker-offline``. ``at``: when it was sent, by the
    monitor's clock. ``received``: when it came here. ``freq``: seconds between two heartbeats.
    """

    kind: str
    name: str
    at: float
    received: float
    pid: int
    clock: int
    freq: float | None
    active: int | None
    processed: int | None
    load: float | None
    version: str | None

    @classmethod
    def of(cls, event: Event, at: float, received: float) -> Self:
        """What an event of a worker says."""
        return cls(
            kind=event.type,
            name=event.hostname,
            at=at,
            received=received,
            pid=event.pid,
            clock=event.clock,
            freq=event.freq,
            active=event.active,
            processed=event.processed,
            load=event.loadavg[0] if event.loadavg else None,
            version=event.sw_ver,
        )
