"""Two records of one task, merged. Pure.

A monitor that restarts knows nothing of the tasks that it wrote before, and two monitors on one database may
each have missed an event. So what is stored is never overwritten: both records become one, and merging a
record that is already part of the stored one changes nothing.
"""

import msgspec

from celery_monitor.history.writing.merge_runs import knows_more, merge_runs, share_a_time
from celery_monitor.records.states import (
    CELERY_STATES,
    CONCLUDED_STATES,
    FINAL_STATES,
    LOST,
    RETRY,
    SUCCESS,
    precedence,
)
from celery_monitor.records.tasks import Run, TaskRecord

_LATER_FIELDS = ("state", "retries", "worker", "progress", "state_time", "clock")
_CURRENT_RUN_FIELDS = ("received", "started", "finished", "reason", "runtime", "exception", "traceback")
_FIRST_KNOWN = tuple(
    name
    for name in TaskRecord.__struct_fields__
    if name
    not in {"id", "runs", "updated", "run_twice", "arguments_truncated", *_LATER_FIELDS, *_CURRENT_RUN_FIELDS}
)


def merge_records(stored: TaskRecord, new: TaskRecord) -> TaskRecord:
    """What both records say together.

    The later state counts. A value that the later record does not know comes from the earlier one.
    """
    stored, new = _without_refuted_loss(stored, new), _without_refuted_loss(new, stored)
    fuller = _fuller(stored, new)
    runs = merge_runs(stored.runs, new.runs, None if fuller is None else fuller.runs)
    later, earlier = (new, stored) if _is_later(new, stored, runs, fuller) else (stored, new)
    values = {name: getattr(later, name) for name in _LATER_FIELDS}
    for name in _FIRST_KNOWN:
        value = getattr(later, name)
        values[name] = getattr(earlier, name) if value is None else value
    current = _current(later, runs)
    if current is None and runs:
        current = runs[-1]
    for name in _CURRENT_RUN_FIELDS:
        value = getattr(later, name)
        if value is None:
            value = getattr(earlier if current is None else current, name)
        values[name] = value
    if current is not None:
        values["retries"] = current.retries
    if values["worker"] is None:
        values["worker"] = earlier.worker
    return TaskRecord(
        id=stored.id,
        runs=runs,
        updated=max(stored.updated, new.updated),
        # Runs may seem to overlap as long as an event of them is missing.
        run_twice=(stored.run_twice or new.run_twice) if fuller is None else fuller.run_twice,
        arguments_truncated=stored.arguments_truncated or new.arguments_truncated,
        **values,
    )


def _without_refuted_loss(record: TaskRecord, other: TaskRecord) -> TaskRecord:
    """The record as it was before its run seemed lost, if the other one knows that the worker came back."""
    is_refuted = record.state == LOST and other.state_time > record.state_time
    if not is_refuted or other.state in FINAL_STATES | CONCLUDED_STATES or other.worker != record.worker:
        return record
    runs = [
        msgspec.structs.replace(run, outcome=None)
        if run.outcome == LOST and any(one.outcome is None and share_a_time(run, one) for one in other.runs)
        else run
        for run in record.runs
    ]
    return msgspec.structs.replace(record, runs=runs)


def _fuller(stored: TaskRecord, new: TaskRecord) -> TaskRecord | None:
    """The record that knows all events of the other one and more, None if neither does."""
    if knows_more(new.runs, stored.runs):
        return new
    return stored if knows_more(stored.runs, new.runs) else None


def _is_later(new: TaskRecord, stored: TaskRecord, runs: list[Run], fuller: TaskRecord | None) -> bool:
    """Whether the state of the new record counts. A success stays.

    Otherwise it is the state of the record that knows more, if only events of runs decide it, then that of
    the later run, then the one with the later time.
    """
    if SUCCESS in {new.state, stored.state} and new.state != stored.state:
        return new.state == SUCCESS
    if fuller is new and stored.state in CELERY_STATES:
        return True
    if fuller is stored and new.state in CELERY_STATES:
        return False
    of_new, of_stored = _current(new, runs), _current(stored, runs)
    if of_new is None or of_stored is None or of_new is of_stored:
        return _rank(new) >= _rank(stored)
    return _follows(of_new, of_stored)


def _follows(one: Run, other: Run) -> bool:
    """Whether the first of two runs gives the task its state."""
    if RETRY in {one.outcome, other.outcome} and one.retries != other.retries:
        return one.retries > other.retries
    for run, waiting in ((one, other), (other, one)):
        is_waiting = waiting.started is None and waiting.outcome is None
        if is_waiting and run.started is not None and run.outcome is None:
            return run is one
    return one.number > other.number


def _rank(record: TaskRecord) -> tuple[float, int, int]:
    return (record.state_time, record.clock, -precedence(record.state))


def _current(record: TaskRecord, runs: list[Run]) -> Run | None:
    """Of the merged runs the one that gave the record its state, None if no time says."""
    own = Run(
        number=1,
        worker=record.worker or "",
        received=record.received,
        started=record.started,
        finished=record.finished,
    )
    return next((run for run in runs if share_a_time(run, own)), None)
