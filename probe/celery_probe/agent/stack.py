"""What the consumer's loop waits for when it does not turn, read from its stack by another thread.

Not every loop that stands still is wedged. With gevent and eventlet it waits for a free slot while the pool
is full, in solo it runs the task, and none turns while it waits for a reply of the broker.
"""

from __future__ import annotations

import sys
from typing import Any, Iterator, Sequence, Tuple

Place = Tuple[str, str]

SLOT = "slot"
TASK = "task"
BROKER = "broker"
CONNECTION = "connection"
UNKNOWN = ""

GREEN_POOLS = frozenset(("celery.concurrency.gevent", "celery.concurrency.eventlet"))
TASK_PLACE = ("celery.concurrency.base", "apply_target")
# Between kombu and the system call: broker clients, what they call, and what replaces the standard library.
BROKER_CLIENTS = frozenset(("amqp", "botocore", "redis", "urllib3"))
LIBRARIES = frozenset(("contextlib", "http", "select", "selectors", "socket", "ssl", "threading"))
GREEN_LIBRARIES = frozenset(("eventlet", "gevent", "greenlet"))
UNDER_KOMBU = BROKER_CLIENTS | LIBRARIES | GREEN_LIBRARIES
# Here a client waits for the other end to take a new connection: the kernel tries for two minutes, ever less
# often, so a broker that is back may be found only a minute later.
CONNECTING = frozenset((("amqp.transport", "_connect"), ("redis.connection", "_connect")))
# Here kombu pauses between two attempts, for up to half a minute.
PAUSING = ("kombu.utils.functional", "retry_over_time")
# Here kombu waits for any event at all.
IDLE = ("kombu.asynchronous", "kombu.utils.eventio")


def waits_for(places: Sequence[Place]) -> str:
    """Judge a stack, given as (module, function) from the innermost call outwards."""
    if TASK_PLACE in places:
        return TASK
    if any(module in GREEN_POOLS for module, _ in places):
        return SLOT
    for module, function in places:
        root = module.split(".", 1)[0]
        if (module, function) in CONNECTING or (module, function) == PAUSING:
            return CONNECTION
        if root == "kombu":
            return UNKNOWN if module.startswith(IDLE) else BROKER
        if root not in UNDER_KOMBU:
            return UNKNOWN
    return UNKNOWN


def places_of(thread: int, greenlet: Any) -> list[Place]:
    """The stack of a thread, or of a greenlet of it that is not running just now."""
    # The frame of a running greenlet is its thread's.
    frame = getattr(greenlet, "gr_frame", None) or sys._current_frames().get(thread)
    return list(_walk(frame))


def current_greenlet() -> Any:
    """The greenlet that calls this; None in a process without any."""
    greenlets = sys.modules.get("greenlet")
    return greenlets.getcurrent() if greenlets else None


def _walk(frame: Any) -> Iterator[Place]:
    while frame is not None:
        yield str(frame.f_globals.get("__name__", "")), str(frame.f_code.co_name)
        frame = frame.f_back
