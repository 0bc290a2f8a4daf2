"""Events as Celery's workers and clients send them."""

import base64
import json
from typing import Any

import msgspec

from celery_monitor.events.event import Event

T0 = 1_800_000_000.0
WORKER = "celery@one"
OTHER = "celery@two"


def fields(kind: str, at: float, *, worker: str = WORKER, task: str = "t1", **more: Any) -> dict[str, Any]:
    """One event as the dictionary that Celery serializes; ``at`` in seconds after T0."""
    clock = more.pop("clock", int(at * 1000) + 10_000_000)
    own = {"uuid": task} if kind.startswith("task-") else {}
    return {
        "hostname": worker,
        "utcoffset": -1,
        "pid": 11 if worker == WORKER else 12,
        "clock": clock,
        **own,
        **more,
        "timestamp": T0 + at,
        "type": kind,
    }


def event(kind: str, at: float, **more: Any) -> Event:
    """The same, decoded."""
    return msgspec.convert(fields(kind, at, **more), Event)


def received(at: float, **more: Any) -> Event:
    """A task-received of the task shop.add."""
    known = {"name": "shop.add", "args": "(1, 2)", "kwargs": "{}", "root_id": "t1", "retries": 0}
    return event("task-received", at, **(known | more))


def envelope(body: Any, *, base64_body: bool = True, content_type: str = "application/json") -> bytes:
    """The message that kombu publishes on Redis for this body."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return json.dumps(
        {
            "body": base64.b64encode(text).decode() if base64_body else text.decode(),
            "content-encoding": "utf-8",
            "content-type": content_type,
            "headers": {"hostname": WORKER},
            "properties": {"body_encoding": "base64", "delivery_mode": 1, "delivery_tag": "x"},
        }
    ).encode()
