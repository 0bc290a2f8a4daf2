"""How many events came, and what became of them."""

from msgspec import Struct


class Counters(Struct):
    """Totals since the start of the monitor.

    ``messages``: what the broker delivered; one message may carry many events. ``events``: decoded events,
    ``malformed``: skipped messages and events that cannot be read, ``invalid_fields``: fields of other events
    that were left out because of their values, ``oversized``: messages above the limit,
    ``unsupported``: messages that are neither JSON nor MessagePack, such as pickle, which is never read.
    ``ignored``: events that are about neither a task nor a worker. ``dropped``: messages that came faster
    than they could be merged. ``evicted``: unfinished tasks that left the memory to make room.
    """

    messages: int = 0
    events: int = 0
    malformed: int = 0
    invalid_fields: int = 0
    oversized: int = 0
    unsupported: int = 0
    ignored: int = 0
    dropped: int = 0
    evicted: int = 0
