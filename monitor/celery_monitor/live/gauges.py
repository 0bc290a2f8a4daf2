"""Workers and queues as the metrics show them."""

from collections.abc import Iterable, Mapping, Sequence

from celery_monitor.live.views import QueueView, WorkerView
from celery_monitor.live.worker import Worker
from celery_monitor.metrics.gauges import QueueGauge, WorkerGauge
from celery_monitor.metrics.labels import Labels


def worker_gauges(views: Iterable[WorkerView], labels: Labels) -> list[WorkerGauge]:
    """One for each label: workers on the same host, or of the same group, are summed."""
    found: dict[str, WorkerGauge] = {}
    for view in views:
        host = labels.host(view.name)
        before = found.get(host) or WorkerGauge(host, 0, 0, 0)
        active: int | None = view.active if view.online else 0
        found[host] = WorkerGauge(
            host,
            before.workers + view.online,
            None if before.active is None or active is None else before.active + active,
            before.missed + view.missed,
        )
    return list(found.values())


def queue_gauges(
    views: Iterable[QueueView], consumers: Mapping[str, Sequence[Worker]], *, complete: bool
) -> list[QueueGauge]:
    """One for each queue. ``complete``: whether ``consumers`` has every online worker.

    Otherwise a queue that seems to have no worker may have one, so its number of workers is unknown.
    """
    found = []
    for view in views:
        slots = [worker.slots for worker in consumers.get(view.name, ())]
        found.append(
            QueueGauge(
                name=view.name,
                length=view.ready,
                consumers=view.consumers,
                workers=len(slots) if slots or complete else None,
                processes=None
                if None in slots or not (slots or complete)
                else sum(slot or 0 for slot in slots),
                unacknowledged=view.unacknowledged,
                oldest_wait=view.oldest_wait,
            )
        )
    return found
