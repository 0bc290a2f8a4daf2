"""A connection of its own to a worker's broker, every wait of which is bounded: the loop waits with it.

The consumer's own connection may have a pop outstanding, and would deliver messages during a wait.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import Any, Iterator

# Of each wait for the broker.
TIMEOUT_SECONDS = 1.0

BOUNDS = {
    "amqp": {"read_timeout": TIMEOUT_SECONDS, "write_timeout": TIMEOUT_SECONDS},
    "redis": {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS},
}


@contextmanager
def own_connection(consumer: Any) -> Iterator[Any]:
    """A kombu transport and its connection, which ends with the block: ``create_channel`` makes a channel.

    Only for the transports in ``BOUNDS``. Raises what the broker's client raises.
    """
    options = consumer.connection.transport_options or {}
    bounds = BOUNDS[consumer.connection.transport.driver_type]
    client = consumer.connection.clone(
        connect_timeout=TIMEOUT_SECONDS, heartbeat=0, transport_options={**options, **bounds}
    )
    transport = client.transport
    # Not Connection.connect: it would try again after a pause of two seconds.
    connection = transport.establish_connection()
    is_open = True
    try:
        if transport.driver_type == "amqp":
            connection.transport.sock.settimeout(TIMEOUT_SECONDS)
        yield transport, connection
        is_open = False
        transport.close_connection(connection)
    finally:
        if transport.driver_type == "amqp":
            connection.collect()
        elif is_open:
            with suppress(Exception):
                transport.close_connection(connection)
