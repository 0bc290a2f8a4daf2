"""The runs of two records of one task, merged. Pure."""

import msgspec

from celery_monitor.records.states import CONCLUDED_STATES, LOST, UNREPORTED, precedence
from celery_monitor.records.tasks import Run

_SAME_MOMENT = 0.005
"""Two monitors compute the clock skew of a worker each for itself."""

_LEAST_CERTAIN_FIRST = (LOST, UNREPORTED)
_NO_END = frozenset({None, *CONCLUDED_STATES})
_RUN_TIMES = ("received", "started", "finished")
_END_FIELDS = frozenset({"finished", "reason", "runtime", "exception", "traceback"})


def merge_runs(stored: list[Run], new: list[Run], fuller: list[Run] | None) -> list[Run]:
    """All runs in the order of their beginning, numbered from 1. The same run appears once.

    A record that knows all events of the other one and more has the right runs: with more events, an event
    may turn out to belong to another run.
    """
    if not stored or not new:
        return [msgspec.structs.replace(run) for run in stored or new]
    others = stored if fuller is new else new
    merged = _paired(stored, new) if fuller is None else _with_concluded(fuller, others)
    merged.sort(key=_begin)
    return [msgspec.structs.replace(run, number=number) for number, run in enumerate(merged, 1)]


def knows_more(one: list[Run], other: list[Run]) -> bool:
    """Whether ``one`` knows every event of ``other``, and others beside."""
    known, asked = _events(one), _events(other)
    return len(known) > len(asked) and all(
        any(event[:2] == mine[:2] and abs(event[2] - mine[2]) <= _SAME_MOMENT for mine in known)
        for event in asked
    )


def _events(runs: list[Run]) -> list[tuple[str, str, float]]:
    return [
        (run.worker, name, time)
        for run in runs
        for name in _RUN_TIMES
        if (time := getattr(run, name)) is not None
    ]


def _with_concluded(runs: list[Run], others: list[Run]) -> list[Run]:
    """Only one monitor may know that a worker is gone, or that an end is missing."""
    concluded = [run for run in others if run.outcome in CONCLUDED_STATES]
    if not concluded:
        return list(runs)
    return [
        msgspec.structs.replace(run, outcome=same.outcome)
        if run.outcome is None and (same := next((one for one in concluded if share_a_time(run, one)), None))
        else run
        for run in runs
    ]


def _paired(stored: list[Run], new: list[Run]) -> list[Run]:
    """Both lists. The same run is first one that began at the same time, then one that nothing contradicts.

    With more events, the end of a run may turn out to be that of another one.
    """
    merged, waiting, taken = list(stored), list(new), set[int]()
    for is_same in (_begin_together, _is_same):
        still = []
        for run in waiting:
            for index, known in enumerate(stored):
                if index not in taken and is_same(known, run):
                    taken.add(index)
                    merged[index] = _merge_run(known, run)
                    break
            else:
                still.append(run)
        waiting = still
    return merged + waiting


def _begin_together(one: Run, other: Run) -> bool:
    return share_a_time(one, other, _RUN_TIMES[:2])


def share_a_time(one: Run, other: Run, names: tuple[str, ...] = _RUN_TIMES) -> bool:
    """Whether the first of these times that both runs know is the same, in one worker."""
    return one.worker == other.worker and _times_agree(one, other, names) is True


def _times_agree(one: Run, other: Run, names: tuple[str, ...]) -> bool | None:
    """Whether the first of these times that both runs know is the same; None if they know none in common."""
    for name in names:
        first, second = getattr(one, name), getattr(other, name)
        if first is not None and second is not None:
            return bool(abs(first - second) <= _SAME_MOMENT)
    return None


def _is_same(one: Run, other: Run) -> bool:
    """Whether both may describe one execution: nothing contradicts."""
    if one.worker != other.worker:
        return False
    agree = _times_agree(one, other, _RUN_TIMES)
    if agree is not None:
        return agree
    if one.outcome and other.outcome and one.outcome != other.outcome:
        return False
    ended, other_ended = one.finished, other.finished
    return not (ended is not None and _begin(other) > ended + _SAME_MOMENT) and not (
        other_ended is not None and _begin(one) > other_ended + _SAME_MOMENT
    )


def _merge_run(stored: Run, new: Run) -> Run:
    """One run. Of two outcomes that differ, Celery's order decides, and its end belongs to it.

    What a monitor has concluded gives way to every event of the end, and LOST to everything: the worker has
    come back.
    """
    first, second = (new, stored) if _outranks(new, stored) else (stored, new)
    own_end = first.outcome not in _NO_END and second.outcome not in {None, first.outcome}
    values = {}
    for name in Run.__struct_fields__:
        value = getattr(first, name)
        if value is None and not (own_end and name in _END_FIELDS):
            value = getattr(second, name)
        values[name] = value
    if (stored.received is None) == (new.received is None):
        values["retries"] = max(stored.retries, new.retries)
    else:
        # Only task-received carries the number; otherwise it is inferred.
        values["retries"] = (stored if new.received is None else new).retries
    return Run(**values)


def _outranks(new: Run, stored: Run) -> bool:
    if new.outcome is None or stored.outcome is None:
        return new.outcome is not None
    for concluded in _LEAST_CERTAIN_FIRST:
        if concluded in {new.outcome, stored.outcome}:
            return new.outcome != concluded
    return precedence(new.outcome) < precedence(stored.outcome)


def _begin(run: Run) -> float:
    for value in (run.received, run.started, run.finished):
        if value is not None:
            return value
    return 0.0
