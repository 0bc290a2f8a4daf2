"""Sums over all workers and queues. A sum with an unknown part is unknown."""

from collections.abc import Iterable

from celery_monitor.live.queues import Queues
from celery_monitor.live.views import Stats
from celery_monitor.live.workers import Workers


def stats(workers: Workers, queues: Queues, last_event: float | None, now: float) -> Stats:
    """The sums at this moment. ``last_event``: when the last event was received."""
    online = [worker for worker in workers if worker.online]
    views = queues.views({}, now)
    reading = queues.reading
    unacked = None if reading is None or reading.unacked is None else reading.unacked.count
    return Stats(
        workers_online=len(online),
        workers_offline=len(workers) - len(online),
        slots=_total(worker.slots for worker in online),
        active=_total(worker.active for worker in online),
        ready=_total(view.ready for view in views) if views else None,
        unacknowledged=_total(view.unacknowledged for view in views)
        if unacked is None and views
        else unacked,
        in_rate=_total_rate(view.in_rate for view in views) if views else None,
        out_rate=_total_rate(view.out_rate for view in views) if views else None,
        not_shown_workers=workers.beyond,
        not_shown_queues=queues.beyond,
        without_task_events=tuple(workers.without_task_events()),
        last_event=last_event,
        broker=None if reading is None else reading.message,
        broker_reachable=None if reading is None else reading.reachable,
        broker_read=queues.read_at,
    )


def _total(parts: Iterable[int | None]) -> int | None:
    total = 0
    for part in parts:
        if part is None:
            return None
        total += part
    return total


def _total_rate(parts: Iterable[float | None]) -> float | None:
    total = 0.0
    for part in parts:
        if part is None:
            return None
        total += part
    return total
