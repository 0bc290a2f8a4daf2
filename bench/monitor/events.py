"""The events that both monitors receive, as kombu publishes them: tasks are received, start and succeed."""

import base64
import json
import time
import uuid
from collections.abc import Iterator

CHANNEL = "/0.celeryev/task.multi"
EVENTS_OF_A_TASK = 3
WORKERS = 8


def messages(tasks: int, batch: int) -> Iterator[bytes]:
    """The messages of ``bodies`` as kombu publishes them on Redis."""
    return map(envelope, bodies(tasks, batch))


def bodies(tasks: int, batch: int) -> Iterator[object]:
    """The bodies of the messages of ``tasks`` tasks, each with at most ``batch`` events.

    With 1, each event is alone, and not in a list.
    """
    waiting: list[dict[str, object]] = []
    for number in range(tasks):
        for event in events_of_task(number, str(uuid.uuid4())):
            if batch == 1:
                yield event
                continue
            waiting.append(event)
            if len(waiting) == batch:
                yield waiting
                waiting = []
    if waiting:
        yield waiting


def events_of_task(number: int, task: str) -> Iterator[dict[str, object]]:
    """The events of one task with this id."""
    yield _common(number, "task-received") | {
        "uuid": task,
        "name": f"shop.tasks.task_{number % 20}",
        "args": f"({number}, 'ada@example.org')",
        "kwargs": "{'order': 4711, 'express': True}",
        "root_id": task,
        "parent_id": None,
        "retries": 0,
        "eta": None,
        "expires": None,
    }
    yield _common(number, "task-started") | {"uuid": task}
    yield _common(number, "task-succeeded") | {
        "uuid": task,
        "result": f"'mail {number} sent'",
        "runtime": 0.123,
    }


def _common(number: int, kind: str) -> dict[str, object]:
    return {
        "hostname": f"celery@shop-worker-{number % WORKERS}",
        "utcoffset": 0,
        "pid": 11,
        "clock": next(_CLOCK),
        "timestamp": time.time(),
        "type": kind,
    }


def _clock() -> Iterator[int]:
    value = 0
    while True:
        value += 1
        yield value


_CLOCK = _clock()


def envelope(body: object) -> bytes:
    """The message that kombu publishes on Redis."""
    return json.dumps(
        {
            "body": base64.b64encode(json.dumps(body).encode()).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {"hostname": "celery@shop-worker-1"},
            "properties": {
                "delivery_mode": 1,
                "delivery_info": {"exchange": "celeryev", "routing_key": "task.multi"},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid.uuid4()),
            },
        }
    ).encode()
