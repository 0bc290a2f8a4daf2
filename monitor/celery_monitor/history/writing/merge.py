"""Two records of one task, merged. Pure.

A monitor that restarts knows nothing of the tasks that it wrote before, and two monitors on one database may
each have missed an event. So what is stored is never overwritten: both records become one, and merging a
record that is already part of the stored one changes nothing.
"""

import msgspec

from celery_monitor.records.states import LOST, precedence
from celery_monitor.records.tasks import Run, TaskRecord

_SAME_MOMENT = 0.005
"""Two monitors compute the clock skew of a worker each for itself."""

_LATER_FIELDS = ("state", "retries", "worker", "progress", "state_time", "clock")
_LAST_RUN_FIELDS = ("received", "started", "finished", "runtime")
_FIRST_KNOWN = tuple(
    name
    for name in TaskRecord.__struct_fields__
    if name
    not in {"id", "runs", "updated", "run_twice", "arguments_truncated", *_LATER_FIELDS, *_LAST_RUN_FIELDS}
)


def merge_records(stored: TaskRecord, new: TaskRecord) -> TaskRecord:
    """What both records say together.

    The later state counts. A value that the later record does not know comes from the earlier one.
    """
    later, earlier = (new, stored) if _rank(new) >= _rank(stored) else (stored, new)
    values = {name: getattr(later, name) for name in _LATER_FIELDS}
    for name in _FIRST_KNOWN:
        value = getattr(later, name)
        values[name] = getattr(earlier, name) if value is None else value
    runs = _merge_runs(stored.runs, new.runs)
    for name in _LAST_RUN_FIELDS:
        value = getattr(later, name)
        if value is None:
            value = getattr(runs[-1], name) if runs else getattr(earlier, name)
        values[name] = value
    if values["worker"] is None:
        values["worker"] = earlier.worker
    return TaskRecord(
        id=stored.id,
        runs=runs,
        updated=max(stored.updated, new.updated),
        run_twice=stored.run_twice or new.run_twice,
        arguments_truncated=stored.arguments_truncated or new.arguments_truncated,
        **values,
    )


def _rank(record: TaskRecord) -> tuple[float, int, int]:
    return (record.state_time, record.clock, -precedence(record.state))


def _merge_runs(stored: list[Run], new: list[Run]) -> list[Run]:
    """All runs in the order of their beginning, numbered from 1. The same run appears once."""
    if not stored or not new:
        return [msgspec.structs.replace(run) for run in stored or new]
    merged = list(stored)
    for run in new:
        for index, known in enumerate(merged):
            if _is_same(known, run):
                merged[index] = _merge_run(known, run)
                break
        else:
            merged.append(run)
    merged.sort(key=_begin)
    return [msgspec.structs.replace(run, number=number) for number, run in enumerate(merged, 1)]


def _is_same(one: Run, other: Run) -> bool:
    """Whether both describe one execution: a common time decides, else that nothing contradicts."""
    if one.worker != other.worker:
        return False
    for name in ("received", "started", "finished"):
        first, second = getattr(one, name), getattr(other, name)
        if first is not None and second is not None:
            return bool(abs(first - second) <= _SAME_MOMENT)
    if one.outcome and other.outcome and one.outcome != other.outcome:
        return False
    ended, other_ended = one.finished, other.finished
    return not (ended is not None and _begin(other) > ended + _SAME_MOMENT) and not (
        other_ended is not None and _begin(one) > other_ended + _SAME_MOMENT
    )


def _merge_run(stored: Run, new: Run) -> Run:
    """One run. LOST gives way to every other outcome: the worker has come back."""
    values = {}
    for name in Run.__struct_fields__:
        value = getattr(stored, name)
        values[name] = getattr(new, name) if value is None else value
    if stored.outcome == LOST and new.outcome:
        values["outcome"] = new.outcome
    values["retries"] = max(stored.retries, new.retries)
    return Run(**values)


def _begin(run: Run) -> float:
    for value in (run.received, run.started, run.finished):
        if value is not None:
            return value
    return 0.0
