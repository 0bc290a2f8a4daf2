"""Redis as broker, and as result store: connections that notice when the other side is gone."""

import socket

from celery_health.presets.limits import HARD_SECONDS
from celery_health.presets.preset import Preset, PresetError, Setting

VISIBILITY_SECONDS = 3600
SOCKET_SECONDS = 30.0
CONNECT_SECONDS = 5.0
HEALTH_CHECK_SECONDS = 25

# After a minute's silence, three questions in 30 s: then the connection counts as lost.
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


def redis_broker(*, visibility_timeout: int = VISIBILITY_SECONDS) -> Preset:
    """For a Redis broker (Sentinel included); a broker of another kind ignores these options.

    Args:
        visibility_timeout: seconds after which Redis hands out again what a worker took and did not
            acknowledge. All applications on one Redis need the same: the shortest wins.

    Raises:
        PresetError: less than a second.
    """
    if visibility_timeout < 1:
        raise PresetError(f"visibility_timeout={visibility_timeout}: write seconds, 1 or more.")
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
                f"visibility_timeout {VISIBILITY_SECONDS} s: a killed worker's tasks come back after that "
                "long; shorter is sooner, but each task, its ETA included, that takes longer than it runs "
                f"twice (it must exceed the hard time limit, {HARD_SECONDS} s here). socket_timeout 30 s: a "
                "command on a hanging Redis ends in an error and a new connection instead of waiting for "
                "ever; a Redis that is slower than that for good reason is left too early. "
                "socket_connect_timeout 5 s: the same for connecting. socket_keepalive with its options: a "
                "connection cut without a word (a node lost, a NAT that forgot) is noticed after 90 s, for "
                "one packet a minute. health_check_interval 25 s: a PING before a connection is used after "
                "a silence.",
            ),
        )
    )


def redis_results() -> Preset:
    """For results in Redis; another result store ignores these settings."""
    return Preset(
        (
            Setting(
                "redis_socket_timeout",
                SOCKET_SECONDS,
                "A result that a hanging Redis does not take is an error after 30 s (Celery's own: 120 s). "
                "Larger results than Redis takes in that time need more.",
            ),
            Setting(
                "redis_socket_connect_timeout",
                CONNECT_SECONDS,
                "Connecting gives up after 5 s instead of after the kernel's two minutes.",
            ),
            Setting(
                "redis_socket_keepalive",
                True,
                "The kernel asks now and then whether the other side is there. It costs a packet, and by the "
                "kernel's own pace it takes two hours: the health check below is the faster one.",
            ),
            Setting(
                "redis_backend_health_check_interval",
                HEALTH_CHECK_SECONDS,
                "A PING before a connection is used after 25 s of silence, so that a result is not written "
                "into a dead one. One round trip more after each pause.",
            ),
            Setting(
                "redis_retry_on_timeout",
                True,
                "A result is written again after a time-out: the same key, so nothing is doubled. For the "
                "broker this is left off: a message sent again would be two.",
            ),
        )
    )


def keepalive_options() -> dict[int, int]:
    """What this system's kernel takes of the keepalive options: all of them on Linux."""
    return {int(getattr(socket, name)): value for name, value in _KEEPALIVE.items() if hasattr(socket, name)}
