"""Which run an event of an end belongs to, and what two events of one end say together."""

from collections.abc import Sequence

from celery_monitor.events.event import REVOKED, Event
from celery_monitor.events.starts import BUSY_SECONDS
from celery_monitor.events.trace import One, Trace
from celery_monitor.records.states import CONCLUDED_STATES, RETRY, SUCCESS, precedence
from celery_monitor.records.tasks import Run

# Two events of one end: Celery sends task-rejected and then task-failed for Reject without requeue, and
# task-failed twice if the pool reports a child that a hard time limit has ended.
_ONE_END_SECONDS = 2.0
# Two times of one worker's clock that count as one.
_SAME_MOMENT = 0.005


def to_finish(event: Event, own: Sequence[One], runs: Sequence[One]) -> Run | None:
    """The run that an event other than task-retried ends. ``own``: those of ``runs`` of the same process.

    It is the run with the most retries: one that is followed by a retry has ended in a retry, unless it is a
    second delivery. Of equal runs it is the one that started when the runtime says, otherwise the one that
    started first. A run that was received later than that is not meant.
    """
    began = began_at(event)
    lasting = [run for run, _ in own if run.outcome is None]
    if began is not None:
        lasting = [run for run in lasting if (run.received or 0.0) <= began + _SAME_MOMENT] or lasting
    if not lasting:
        return None
    if event.type != REVOKED:
        lasting = _second_deliveries(lasting, runs, began) or lasting
    most = max(run.retries for run in lasting)
    equal = [run for run in lasting if run.retries == most]
    started = [run for run in equal if run.started is not None]
    if not started:
        return equal[-1]
    if began is None:
        return started[0]
    return min(started, key=lambda run: abs((run.started or 0.0) - began))


def _second_deliveries(lasting: Sequence[Run], runs: Sequence[One], began: float | None) -> list[Run]:
    """Runs that can have ended although a retry follows them, where the retry itself cannot have ended.

    The retry is that of another delivery, and it has not started, or later than the run that has ended.
    """
    most = max(run.retries for run in lasting)
    if any(run.retries == most and _may_have_begun(run, began) for run in lasting):
        return []
    retried = {run.retries for run, _ in runs if run.outcome == RETRY}
    return [run for run in lasting if run.retries in retried and _may_have_begun(run, began)]


def _may_have_begun(run: Run, began: float | None) -> bool:
    if run.started is None:
        return False
    return began is None or run.started <= began + BUSY_SECONDS


def began_at(event: Event) -> float | None:
    """When the run began that this event ends."""
    return None if event.runtime is None else event.timestamp - event.runtime


def is_same_end(run: Run, trace: Trace, event: Event) -> bool:
    """Whether this is a second event of the end of the run."""
    if run.outcome in {SUCCESS, RETRY, None} or trace.requeued or run.finished is None:
        return False
    return event.timestamp - run.finished <= _ONE_END_SECONDS


def worse(one: str | None, other: str) -> str:
    """Of two outcomes of one end the one that Celery's order keeps."""
    return other if one is None or one in CONCLUDED_STATES or precedence(other) < precedence(one) else one
