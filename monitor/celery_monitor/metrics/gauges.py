"""Values at the moment of a scrape. None means unknown, and gives no series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


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

    ``blind``: workers live, and no event comes. ``lag``: seconds between the receipt of the events that
    were merged last and their merging. The fields that begin with ``database`` are None without a history;
    ``database_lag`` is how long the oldest change has waited to be written. ``websocket_clients``:
    connections; ``websocket_feeds``: different subscriptions of all.
    """

    connected: bool
    blind: bool
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


@dataclass(frozen=True, slots=True)
class ChannelGauge:
    """A channel of alerts: messages that arrived, attempts that failed, whether the last one did."""

    name: str
    sent: int
    failed: int
    failing: bool


@dataclass(frozen=True, slots=True)
class AlertGauges:
    """The monitor's own alerts. ``stuck``: tasks, by name; ``firing``: alerts, by severity."""

    stuck: Mapping[str, int] = field(default_factory=dict)
    firing: Mapping[str, int] = field(default_factory=dict)
    channels: Sequence[ChannelGauge] = ()
