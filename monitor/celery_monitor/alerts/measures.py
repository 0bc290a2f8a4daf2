"""Every measure of the rules, on the monitor's own data. Pure."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from celery_health.alerts.measure import Measure
from celery_monitor.alerts.found import UNKNOWN, Found
from celery_monitor.alerts.snapshot import AlertSnapshot
from celery_monitor.live.resource import STALE_SECONDS
from celery_monitor.live.views import QueueView
from celery_monitor.metrics.task_windows import FAILURE_MINUTES, RUNTIME_MINUTES
from celery_monitor.records.alerts import LabelSet

Evaluate = Callable[[AlertSnapshot, float], Found]


def _no_worker(snapshot: AlertSnapshot, _threshold: float) -> Found:
    if snapshot.in_cluster:
        return Found()  # zero workers may be intended: the operator knows
    if not snapshot.connected:
        return UNKNOWN
    return _flag(snapshot.workers_online == 0)


def _failure_percent(snapshot: AlertSnapshot, threshold: float) -> Found:
    failing = snapshot.tasks.failing(threshold)
    return Found(_by("name", failing.items()), complete=_covered(snapshot, FAILURE_MINUTES))


def _slow_seconds(snapshot: AlertSnapshot, _threshold: float) -> Found:
    slow = snapshot.tasks.slow()
    return Found(_by("name", slow.items()), complete=_covered(snapshot, RUNTIME_MINUTES))


def _stuck_tasks(snapshot: AlertSnapshot, threshold: float) -> Found:
    if snapshot.stuck is None:
        return UNKNOWN
    return Found(_by("name", ((name, tasks) for name, tasks in snapshot.stuck.items() if tasks > threshold)))


def _ready_messages(snapshot: AlertSnapshot, threshold: float) -> Found:
    return _of_queues(snapshot, lambda queue: queue.ready, threshold)


def _unread_messages(snapshot: AlertSnapshot, threshold: float) -> Found:
    found = _of_queues(snapshot, lambda queue: 0 if queue.workers else queue.ready, threshold)
    return found if snapshot.consumers_known and snapshot.connected else UNKNOWN


def _oldest_wait(snapshot: AlertSnapshot, threshold: float) -> Found:
    return _of_queues(snapshot, lambda queue: queue.oldest_wait, threshold)


def _not_connected(snapshot: AlertSnapshot, _threshold: float) -> Found:
    conditions = () if snapshot.push is None else snapshot.push.conditions
    if any(one.type == "BrokerReachable" and one.status != "Unknown" for one in conditions):
        return Found()  # the operator knows better
    return _flag(not snapshot.connected)


def _operator_silent(snapshot: AlertSnapshot, _threshold: float) -> Found:
    return _flag(snapshot.in_cluster and snapshot.push_age > STALE_SECONDS)


def _history_away(snapshot: AlertSnapshot, _threshold: float) -> Found:
    return _flag(not snapshot.history_available)


def _blind(snapshot: AlertSnapshot, _threshold: float) -> Found:
    return _flag(snapshot.blind)


def _dropped_events(snapshot: AlertSnapshot, threshold: float) -> Found:
    return _total(snapshot.dropped, threshold)


def _missed_events(snapshot: AlertSnapshot, threshold: float) -> Found:
    return _total(snapshot.missed, threshold)


MEASURES: Mapping[Measure, Evaluate] = MappingProxyType(
    {
        Measure.NO_WORKER: _no_worker,
        Measure.FAILURE_PERCENT: _failure_percent,
        Measure.SLOW_SECONDS: _slow_seconds,
        Measure.STUCK_TASKS: _stuck_tasks,
        Measure.READY_MESSAGES: _ready_messages,
        Measure.UNREAD_MESSAGES: _unread_messages,
        Measure.OLDEST_WAIT_SECONDS: _oldest_wait,
        Measure.NOT_CONNECTED: _not_connected,
        Measure.OPERATOR_SILENT: _operator_silent,
        Measure.HISTORY_AWAY: _history_away,
        Measure.BLIND: _blind,
        Measure.DROPPED_EVENTS: _dropped_events,
        Measure.MISSED_EVENTS: _missed_events,
    }
)


def _flag(value: bool) -> Found:
    return Found({(): 1.0} if value else {})


def _total(value: int, threshold: float) -> Found:
    return Found({(): float(value)} if value > threshold else {})


def _of_queues(
    snapshot: AlertSnapshot, value: Callable[[QueueView], float | None], threshold: float
) -> Found:
    values = ((queue.name, value(queue)) for queue in snapshot.queues)
    above = ((name, number) for name, number in values if number is not None and number > threshold)
    return Found(_by("queue", above)) if snapshot.queues_read else UNKNOWN


def _by(label: str, values: Iterable[tuple[str, float]]) -> dict[LabelSet, float]:
    return {((label, name),): float(value) for name, value in values}


def _covered(snapshot: AlertSnapshot, minutes: int) -> bool:
    """Whether the window has been counted from its beginning: the monitor may have started within it."""
    return snapshot.now - snapshot.tasks.since >= 60 * minutes
