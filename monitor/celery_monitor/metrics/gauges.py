"""Values at the moment of a scrape. None means unknown, and gives no series."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerGauge:
    """One worker, or one group in a cluster. ``workers``: how many of it are online."""

    hostname: str
    workers: int
    active: int | None
    missed: int


@dataclass(frozen=True, slots=True)
class QueueGauge:
    """One queue. ``processes``: slots of the workers that consume it."""

    name: str
    length: int | None
    consumers: int | None
    workers: int | None
    processes: int | None
    unacknowledged: int | None = None
    oldest_wait: float | None = None


@dataclass(frozen=True, slots=True)
class ProgramGauges:
    """The monitor itself.

    ``lag``: seconds between an event and its arrival here, None without recent events. The fields that begin
    with ``database`` are None without a history; ``database_lag`` is how long the oldest change has waited
    to be written. ``websocket_clients``: connections; ``websocket_feeds``: different subscriptions of all.
    """

    connected: bool
    events: int
    malformed: int
    invalid_fields: int
    ignored: int
    dropped: int
    evicted: int
    tasks_in_memory: int
    lag: float | None = None
    last_event_age: float | None = None
    database_available: bool | None = None
    database_lag: float | None = None
    database_buffered: int | None = None
    database_dropped: int | None = None
    websocket_clients: int = 0
    websocket_feeds: int = 0
