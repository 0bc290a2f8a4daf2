"""What tasks a worker holds, read from any thread without a lock.

Each set is first copied by one call into C, which the interpreter does not interrupt. A lock could be held by
the very code that we look at.
"""

from __future__ import annotations

from typing import Any, Iterable

from celery.worker import state

ACTIVE_SHOWN = 100


def processed() -> int:
    """Tasks that the worker has started since it began."""
    return int(state.all_total_count[0])


def active_requests() -> list[Any]:
    """The requests that pool slots are working on."""
    return _living(state.active_requests)


def reserved_count(active: Iterable[Any], buckets: Iterable[Any]) -> int:
    """Messages taken from the broker and not started: waiting for a slot or for a rate limit's token."""
    started = {id(request) for request in active}
    waiting = {id(request) for request in _living(state.reserved_requests)}
    limited = sum(len(bucket.contents) for bucket in buckets if bucket is not None)
    return len(waiting - started) + limited


def eta_held_count(timer: Any) -> int:
    """Requests that wait in the worker's timer for their time."""
    return sum(1 for item in list(timer._queue) if _holds_request(item.entry))


def describe(request: Any) -> dict[str, Any]:
    """A request as the report shows it."""
    return {"id": request.id, "name": request.name, "started_at": request.time_start}


def _living(requests: Any) -> list[Any]:
    found = (reference() for reference in list(requests.data))
    return [request for request in found if request is not None]


def _holds_request(entry: Any) -> bool:
    arguments = getattr(entry, "args", None)
    if not arguments or getattr(entry, "canceled", False):
        return False
    return hasattr(arguments[0], "request_dict")
