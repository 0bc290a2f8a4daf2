"""Redis as broker and as result backend: connections that notice when the server is gone."""

import socket

from celery_health.presets.limits import HARD_SECONDS
from celery_health.presets.preset import Preset, PresetError, Setting

VISIBILITY_SECONDS = 3600
SOCKET_SECONDS = 30.0
CONNECT_SECONDS = 5.0
HEALTH_CHECK_SECONDS = 25

# After 60 s without traffic, three probes 10 s apart: then the connection counts as lost.
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


def redis_broker(*, visibility_timeout: int = VISIBILITY_SECONDS) -> Preset:
    """For Redis as broker, also behind Sentinel. RabbitMQ ignores these options, and databases refuse them.

    Args:
        visibility_timeout: seconds after which a message that was not acknowledged is delivered again. Use
            the same value for all applications of one Redis: the shortest one applies to all.

    Raises:
        PresetError: less than a second.
    """
    if visibility_timeout < 1:
        raise PresetError(f"visibility_timeout={visibility_timeout}: use 1 second or more.")
    return Preset(
        (
            Setting(
                "broker_transport_options",
                {
                    "visibility_timeout": visibility_timeout,
                    "socket_timeout": SOCKET_SECONDS,
                    "socket_connect_timeout": CONNECT_SECONDS,
                    "socket_keepalive": True,
                    "socket_keepalive_options": keepalive_options(),
                    "health_check_interval": HEALTH_CHECK_SECONDS,
                },
                f"visibility_timeout {visibility_timeout} s: the tasks of a killed worker run again after "
                "this time. A shorter time is sooner, but a task that takes longer, its ETA included, runs "
                f"twice: keep it above the hard time limit ({HARD_SECONDS} s here). socket_timeout 30 s: a "
                "command on a Redis that hangs ends with an error, and the worker reconnects; a Redis that "
                "is only slow for so long is given up too. socket_connect_timeout 5 s: the same for "
                "connecting. socket_keepalive with its options: a connection that is cut without a FIN (a "
                "lost node, a NAT table) is noticed after 90 s, for one packet a minute. "
                "health_check_interval 25 s: a PING before a connection is used that was idle for so long.",
            ),
        )
    )


def redis_results() -> Preset:
    """For Redis as result backend. Other result backends ignore these settings."""
    return Preset(
        (
            Setting(
                "redis_socket_timeout",
                SOCKET_SECONDS,
                "Storing a result in a Redis that hangs ends with an error after 30 s (Celery's default: "
                "120 s). Results that need longer to store need a higher value.",
            ),
            Setting(
                "redis_socket_connect_timeout",
                CONNECT_SECONDS,
                "Connecting ends with an error after 5 s, and not after the two minutes of the kernel.",
            ),
            Setting(
                "redis_backend_health_check_interval",
                HEALTH_CHECK_SECONDS,
                "A PING before a connection is used that was idle for 25 s, so that no result is written "
                "into a dead connection. Cost: one round trip after each pause. redis_socket_keepalive would "
                "notice later, and ends every task with an error where Redis has a Unix socket.",
            ),
            Setting(
                "redis_retry_on_timeout",
                True,
                "After a timeout the result is written again, to the same key. Not for the broker: there a "
                "retry could send a message twice.",
            ),
        )
    )


def keepalive_options() -> dict[int, int]:
    """The keepalive options that this system has. Linux has all of them."""
    return {int(getattr(socket, name)): value for name, value in _KEEPALIVE.items() if hasattr(socket, name)}
