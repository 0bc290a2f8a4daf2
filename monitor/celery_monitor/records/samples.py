"""Workers and queues at one moment."""

import msgspec


class QueueSample(msgspec.Struct, frozen=True, kw_only=True):
    """One queue at one moment. None where the broker does not show it.

    ``ready``: messages that wait, over all priorities; ``by_priority`` per priority where the broker
    separates them. ``unacknowledged``: delivered and not yet acknowledged. ``oldest_wait`` in seconds.
    """

    at: float
    name: str
    ready: int | None
    unacknowledged: int | None = None
    consumers: int | None = None
    by_priority: dict[int, int] = {}
    oldest_wait: float | None = None


class WorkerSample(msgspec.Struct, frozen=True, kw_only=True):
    """One worker at one moment, from its heartbeat. None where the worker does not report it.

    ``processed``: tasks that the worker process started since its own start. ``missed``: starts and ends of
    runs that the monitor has no event of. ``clock_skew``: seconds that the worker's clock is ahead of the
    monitor's.
    """

    at: float
    name: str
    online: bool
    active: int | None = None
    processed: int | None = None
    missed: int = 0
    load: float | None = None
    clock_skew: float = 0.0
