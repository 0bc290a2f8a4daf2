"""The start of a run that was taken for the start of a later one.

A pool process sends the message of a retry itself, so a busy worker may receive the retry before it notes
that the run before it started. Its task-started then appears to be that of the retry, until more events come.
Two deliveries of one message are as hard to distinguish, when the worker receives the second before it notes
that the first has started.
"""

from collections.abc import Iterable, Sequence

from celery_monitor.events.trace import One
from celery_monitor.records.states import RETRY
from celery_monitor.records.tasks import Run

BUSY_SECONDS = 1.0
"""A pool process measures the runtime. A busy worker sends the start, and the end, up to this much later."""


def started_again(own: Sequence[One]) -> Run | None:
    """The run of this process that starts now, because the start it had was that of a run before it."""
    for run, _ in reversed(own):
        if run.outcome is None and run.started is not None:
            lower = (one for one, _ in own if one.retries < run.retries and _lacks_start(one, own))
            before = [one for one in lower if _may_have_started(one, run.started)]
            if before:
                before[0].started = run.started
                return run
    return None


def take_start(ended: Run, own: Sequence[One]) -> None:
    """Give a run that has ended in a retry the start that a later run of this process has instead."""
    if _lacks_start(ended, own):
        _move_start(ended, (run for run, _ in own if run.retries > ended.retries))


def take_start_of_later(ended: Run, own: Sequence[One], finished: float, began: float | None) -> None:
    """Give a run that has finished the start that a run received later in this process has instead.

    ``began``: when the run began by its runtime, if that is known. A start at another time is not its own:
    the event of its own start is missing. Of several starts the nearest one counts. Otherwise a run with as
    many retries is as likely to be a second delivery of the same message.
    """
    received = ended.received
    if ended.started is None and received is not None:
        later = [
            (0.0 if began is None else abs(run.started - began), run.retries != ended.retries, run)
            for run, _ in own
            if run.received is not None and run.received > received
            if run.started is not None and run.started <= finished
        ]
        near = [one for one in later if one[0] <= BUSY_SECONDS]
        _move_start(ended, (run for *_, run in sorted(near, key=lambda one: one[:2])))


def _move_start(run: Run, others: Iterable[Run]) -> None:
    """Give the run the start of the first of the others that lasts and has one."""
    for other in others:
        if other.outcome is None and other.started is not None and _may_have_started(run, other.started):
            run.started, other.started = other.started, None
            return


def _may_have_started(run: Run, at: float) -> bool:
    """Whether the run may have started at this time: a worker starts nothing before it has received it."""
    return run.received is None or run.received <= at


def _lacks_start(run: Run, own: Sequence[One]) -> bool:
    """Whether the run has started, as it was retried, and no event of that is known."""
    if run.received is None or run.started is not None or run.outcome not in {None, RETRY}:
        return False
    return all(one.started is None for one, _ in own if one.retries == run.retries)
