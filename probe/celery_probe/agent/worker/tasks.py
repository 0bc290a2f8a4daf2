"""The in-flight tasks of a worker, read from any thread without a lock.

Each set is first copied by one call into C, which the interpreter does not interrupt. A lock could be held by
the very code that is observed.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable

from celery import signals
from celery.worker import state

from celery_probe.agent import contract

# A task whose time comes this soon counts as load: a new worker takes a good part of that time to start.
DUE_SECONDS = 30.0
# Of the active requests that a report shows, those that began last.
LATEST_SHOWN = 20
# Tasks that ended without having begun. Only one thread at a time, the loop's, adds to it.
_discards = [0]


class Progress:
    """Notices that a task began or ended, by the counts of two moments. ``mono`` is when it last did."""

    def __init__(self) -> None:
        self._counts: tuple[int, int, int] | None = None
        self.mono: float | None = None

    def note(self, active: int, now: float) -> None:
        """Keep the counts of this moment; the first are the beginning."""
        counts = (processed(), active, _discards[0])
        if counts != self._counts:
            self._counts, self.mono = counts, now


def count_discards() -> None:
    """Count from now on the tasks that end without having begun: revoked, expired or unknown ones."""
    for signal in (signals.task_revoked, signals.task_rejected, signals.task_unknown):
        signal.connect(_count_discard, weak=False)


def _count_discard(**_: Any) -> None:
    _discards[0] += 1


def watch_starts(notify: Callable[[], None]) -> None:
    """Call ``notify`` from now on whenever a slot has begun with a task. It must not raise."""
    # Celery imports it with its consumer, which exists by now.
    from celery.worker import request as request_module  # noqa: PLC0415

    accepted = request_module.task_accepted

    def task_accepted(*args: Any, **options: Any) -> None:
        accepted(*args, **options)
        notify()

    # Every pool comes by here: the request calls it when its slot has accepted it.
    request_module.task_accepted = task_accepted


def runs(name: str) -> int:
    """Tasks of this name that the worker has started since it began.

    A name of the longest length may be the beginning of others.
    """
    if len(name) < contract.NAME_LENGTH:
        return int(state.total_count.get(name, 0))
    counts = list(state.total_count.items())
    return sum(count for known, count in counts if known[: contract.NAME_LENGTH] == name)


def processed() -> int:
    """Tasks that the worker has started since it began."""
    return int(state.all_total_count[0])


def active_requests() -> list[Any]:
    """The requests that pool slots are working on."""
    return _living(state.active_requests)


def shown(active: list[Any]) -> list[Any]:
    """Those of the active requests that a report has room for: the longest and the latest ones.

    What hangs is among the longest. What kills the process at once is among the latest.
    """
    most = contract.ACTIVE_LENGTH
    if len(active) <= most:
        return active
    ordered = sorted(active, key=lambda request: request.time_start or float("inf"))
    return [*ordered[: most - LATEST_SHOWN], *ordered[-LATEST_SHOWN:]]


def waiting_requests(consumer: Any) -> list[Any]:
    """The requests that wait for a slot, for a rate limit's token or for their time, and some that run."""
    limited = [entry[0] for bucket in _buckets(consumer) for entry in list(bucket.contents)]
    timed = [item.entry.args[0] for item in list(consumer.timer._queue) if _holds_request(item.entry)]
    found = {id(request): request for request in (*_living(state.reserved_requests), *limited, *timed)}
    return list(found.values())


def is_active(request: Any) -> bool:
    """Whether a slot has begun with this request."""
    return request in state.active_requests


def begin(request: Any) -> None:
    """Have Celery count this request as active, as it does itself when a slot begins with it."""
    state.active_requests.add(request)


def end(request: Any) -> None:
    """Have Celery no longer count this request, without an event, a result or an acknowledgement."""
    state.task_ready(request)


def take_back(consumer: Any, request: Any) -> None:
    """``end``, and wait no longer for a token or a time. Call it in the consumer's loop."""
    end(request)
    for item in list(consumer.timer._queue):
        if _holds_request(item.entry) and item.entry.args[0] is request:
            cancel(consumer.timer, item)
            # Celery raised the prefetch limit for a message that waits for its time.
            consumer.qos.decrement_eventually()
    for bucket in _buckets(consumer):
        for entry in list(bucket.contents):
            if entry[0] is request:
                bucket.contents.remove(entry)


def cancel(timer: Any, made: Any) -> None:
    """End what Celery's timer has made or holds: an entry, or an item with one.

    With gevent and eventlet that is the greenlet of one run. The greenlet calls a cancelled entry all the
    same, and an entry that repeats makes other greenlets.
    """
    entry = getattr(made, "entry", made)
    entry.cancel()
    timer.cancel(made if hasattr(made, "cancel") else entry)


def _buckets(consumer: Any) -> list[Any]:
    return [bucket for bucket in consumer.task_buckets.values() if bucket is not None]


def reserved_count(active: Iterable[Any], buckets: Iterable[Any]) -> int:
    """Messages taken from the broker and not started: waiting for a slot or for a rate limit's token."""
    started = {id(request) for request in active}
    waiting = {id(request) for request in _living(state.reserved_requests)}
    limited = sum(len(bucket.contents) for bucket in buckets if bucket is not None)
    return len(waiting - started) + limited


def eta_counts(timer: Any, now: float) -> tuple[int, int]:
    """Requests that wait in the worker's timer for their time, and those of them whose time is near.

    ``now`` is a moment of CLOCK_MONOTONIC, as the timer's own are.
    """
    times = [item.eta for item in list(timer._queue) if _holds_request(item.entry)]
    return len(times), sum(1 for time in times if time <= now + DUE_SECONDS)


def describe(request: Any, controller: Any) -> dict[str, Any]:
    """A request as the report shows it. ``controller``: its worker, with the limits of all tasks."""
    return {
        # A message of another producer may have any id.
        "id": contract.task_id(str(request.id)),
        "name": str(request.name),
        "started_at": request.time_start,
        "limit": _limit(request, controller),
    }


def _limit(request: Any, controller: Any) -> float | None:
    """The hard time limit in seconds, else the soft one: of the message, the task or the worker."""
    hard, soft = request.time_limits
    task = request.task
    limits = (
        hard or task.time_limit or getattr(controller, "time_limit", None),
        soft or task.soft_time_limit or getattr(controller, "soft_time_limit", None),
    )
    return next((_seconds(limit) for limit in limits if limit), None)


def _seconds(value: Any) -> float | None:
    """A message of another producer may have anything as its limit."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _living(requests: Any) -> list[Any]:
    found = (reference() for reference in list(requests.data))
    return [request for request in found if request is not None]


def _holds_request(entry: Any) -> bool:
    arguments = getattr(entry, "args", None)
    if not arguments or getattr(entry, "canceled", False):
        return False
    return hasattr(arguments[0], "request_dict")
