"""What a receiver is, for those that use one."""

from collections.abc import Callable, Sequence
from typing import Protocol

Sink = Callable[[Sequence[bytes], float], None]
"""Takes messages and the Unix time at which they were received. It returns at once."""


class Receiver(Protocol):
    """Receives every message of the event exchange.

    ``envelopes``: the messages are kombu's envelopes with the body inside, as on Redis; otherwise they are
    bodies. ``connected``: whether the broker delivers now. ``last_received``: the Unix time of the last
    message, None before the first one. ``error``: why it is not connected, one sentence without secrets.
    """

    @property
    def envelopes(self) -> bool:
        """See the class."""

    @property
    def connected(self) -> bool:
        """See the class."""

    @property
    def last_received(self) -> float | None:
        """See the class."""

    @property
    def error(self) -> str | None:
        """See the class."""

    async def run(self, sink: Sink) -> None:
        """Deliver to ``sink`` for ever. A lost connection is made again; only a cancellation ends this."""
