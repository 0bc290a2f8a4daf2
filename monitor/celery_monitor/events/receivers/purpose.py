"""What a receiver receives: the exchange differs in its kind, and how long a gap may last."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """``what``: for the log. ``exchange_type`` and ``durable``: as Celery declares the exchange.

    ``longest_pause``: seconds between two attempts to connect.
    """

    what: str
    exchange_type: str
    durable: bool
    longest_pause: float


EVENTS = Purpose(
    what="events",
    exchange_type="topic",
    durable=True,
    longest_pause=10.0,
)
REMOTE_CONTROL = Purpose(
    what="remote control",
    exchange_type="fanout",
    durable=False,
    # Workers that start meanwhile are not answered.
    longest_pause=1.0,
)
