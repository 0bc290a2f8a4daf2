"""Connections to the broker that give up after a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SECONDS = 2.5
"""For each step: connecting, sending, reading."""


@contextmanager
def connected(app: Any, **options: Any) -> Iterator[Any]:
    """A connection of ``app`` to its broker. ``options``: further transport options.

    Without these timeouts a broker that hangs, or a network that drops packets, would block a thread for many
    minutes.
    """
    timeouts = {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS}
    if app.connection_for_write().transport.driver_type == "amqp":
        timeouts = {"read_timeout": SECONDS, "write_timeout": SECONDS}
    with app.connection_for_write(
        connect_timeout=SECONDS, transport_options={**timeouts, **options}
    ) as connection:
        yield connection
