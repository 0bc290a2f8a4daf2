"""What the result backend knows of one task. Nothing of the result itself is decoded or shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from celery_health.times import unix_time

STARTED = "STARTED"
"""The state of a task that a worker has begun, where ``task_track_started`` is set."""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The meta data of a result. ``asked`` is None if this backend cannot be asked.

    ``exception``: the class of the error. ``worker`` and ``queue`` are known with result_extended.
    """

    asked: bool | None = None
    state: str | None = None
    done_at: float | None = None
    exception: str | None = None
    name: str | None = None
    worker: str | None = None
    queue: str | None = None
    retries: int = 0


def read_result(app: Any, task_id: str) -> TaskResult:
    """Ask the result backend of the application. It blocks, and raises what the backend raises."""
    meta = read_meta(app, task_id)
    if meta is None:
        return TaskResult()
    return _result(meta) if meta else TaskResult(asked=True)


def keeps_meta(app: Any) -> bool:
    """Whether ``read_meta`` can ask the result backend. It may import the backend's driver.

    Only backends of keys and values with JSON are read: others would create objects from what they store.
    """
    from celery.backends.base import BaseKeyValueStoreBackend  # noqa: PLC0415

    backend = app.backend
    return isinstance(backend, BaseKeyValueStoreBackend) and backend.serializer == "json"


def read_meta(app: Any, task_id: str) -> Mapping[str, Any] | None:
    """What the result backend keeps of a task: empty if nothing, None if this backend cannot be asked.

    It blocks, and raises what the backend raises.
    """
    backend = app.backend
    if not keeps_meta(app):
        return None
    raw = backend.get(backend.get_key_for_task(task_id))
    if not raw:
        return {}
    try:
        meta = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return meta if isinstance(meta, dict) else None


def _result(meta: Mapping[str, Any]) -> TaskResult:
    result, retries = meta.get("result"), meta.get("retries")
    error = result.get("exc_type") if isinstance(result, dict) else None
    started_on = result.get("hostname") if isinstance(result, dict) else None
    return TaskResult(
        asked=True,
        state=_text(meta.get("status")),
        done_at=unix_time(_text(meta.get("date_done"))),
        exception=_text(error),
        name=_text(meta.get("name")),
        worker=_text(meta.get("worker")) or _text(started_on),
        queue=_text(meta.get("queue")),
        retries=retries if type(retries) is int and retries >= 0 else 0,
    )


def _text(value: Any) -> str | None:
    return value[:255] if isinstance(value, str) and value else None
