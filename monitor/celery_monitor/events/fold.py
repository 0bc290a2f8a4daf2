"""The events of one task to its record: a pure function of the set of events, whatever order they came in."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from celery_health.times import unix_time
from celery_monitor.events import event as types
from celery_monitor.events.ends import worse
from celery_monitor.events.event import Event
from celery_monitor.events.fields import is_incomplete, reason_of
from celery_monitor.events.runs import Runs
from celery_monitor.events.stored_ends import STORED_ENDS
from celery_monitor.events.trace import Trace
from celery_monitor.records.states import (
    CONCLUDED_STATES,
    FAILURE,
    LOST,
    PENDING,
    RECEIVED,
    REJECTED,
    RETRY,
    REVOKED,
    STARTED,
    SUCCESS,
    UNREPORTED,
)
from celery_monitor.records.tasks import Run, TaskRecord

# The merger's own marks among the events of a task: its worker is gone, its worker is alive, its run has
# ended without an event.
WORKER_GONE = "-gone"
WORKER_ALIVE = "-alive"
END_MISSING = "-end-missing"
_OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        types.SUCCEEDED: SUCCESS,
        types.FAILED: FAILURE,
        types.RETRIED: RETRY,
        types.REVOKED: REVOKED,
        types.REJECTED: REJECTED,
        # The worker lost its connection and stopped the task. Celery stores RETRY, and the broker delivers
        # the message again.
        types.CANCELLED: RETRY,
    }
)


def record_of(task_id: str, base: TaskRecord | None, events: Sequence[Event]) -> tuple[TaskRecord, Runs]:
    """The record after ``events``, which may be in any order and come twice, on top of ``base``.

    Events that are older than the state of ``base`` only fill in what it lacks. The result shares nothing
    with ``base``.
    """
    record = TaskRecord(id=task_id) if base is None else _copy(base)
    runs = Runs(base)
    settled = 0.0 if base is None else _settled(base)
    last: tuple[float, int, str, str, int] | None = None
    stored_ends = []
    for event in in_order(events):
        key = order(event)
        if key == last:
            continue
        last = key
        if event.type in STORED_ENDS:
            stored_ends.append(event)
        elif event.timestamp <= settled and event.type != types.SENT:
            _fill(record, event)
        else:
            _STEPS.get(event.type, _custom)(record, runs, event)
    for event in stored_ends:  # last: an event of the end says more, however late it comes
        _end_by_result(runs, event)
    _conclude(record, runs)
    return record, runs


def order(event: Event) -> tuple[float, int, str, str, int]:
    """The place of an event among those of its task. Equal keys are one event that came twice."""
    return event.timestamp, event.clock, event.type, event.hostname, event.pid


def is_known(event: Event, events: Sequence[Event]) -> bool:
    """Whether the event has come before, as far as the events are kept."""
    at, key = event.timestamp, None
    for one in events:
        if one.timestamp == at:  # of nearly all events none has
            key = key or order(event)
            if order(one) == key:
                return True
    return False


def in_order(events: Sequence[Event]) -> Sequence[Event]:
    """The events sorted; the same sequence where it is sorted already."""
    before = -1.0
    for event in events:
        if event.timestamp <= before:
            return sorted(events, key=order)
        before = event.timestamp
    return events


def _sent(record: TaskRecord, runs: Runs, event: Event) -> None:
    record.sent = event.timestamp if record.sent is None else min(record.sent, event.timestamp)
    record.sender = event.hostname
    record.queue = event.queue or record.queue
    record.exchange = event.exchange or record.exchange
    record.routing_key = event.routing_key or record.routing_key
    _fill(record, event)
    if not runs.all:
        _set_times(record, event)
        record.retries = event.retries or 0
        record.state_time, record.clock = event.timestamp, 0


def _received(record: TaskRecord, runs: Runs, event: Event) -> None:
    run = runs.without_receipt(event) or runs.begin(event)
    run.received = event.timestamp
    record.name = event.name or record.name
    record.args = record.args if event.args is None else event.args
    record.kwargs = record.kwargs if event.kwargs is None else event.kwargs
    record.root_id = event.root_id or record.root_id
    record.parent_id = event.parent_id or record.parent_id
    _set_times(record, event)


def _started(_: TaskRecord, runs: Runs, event: Event) -> None:
    run = runs.not_started(event) or runs.begin(event)
    run.started = event.timestamp


def _ended(record: TaskRecord, runs: Runs, event: Event) -> None:
    outcome = _OUTCOMES[event.type]
    run = runs.to_end(event, outcome)
    if run.outcome == outcome and run.finished is not None:
        return  # of two reports of one end the first has the cause
    run.outcome = worse(run.outcome, outcome)
    run.finished = event.timestamp
    run.reason = reason_of(event) or run.reason
    run.runtime = event.runtime if event.runtime is not None else run.runtime
    run.exception = event.exception or run.exception
    run.traceback = event.traceback or run.traceback
    if event.type == types.REJECTED and event.requeue:
        runs.trace_of(run).requeued = True
    if outcome == SUCCESS and record.result is None:
        record.result = event.result


def _custom(record: TaskRecord, runs: Runs, event: Event) -> None:
    state = event.type.removeprefix("task-").upper()
    trace = runs.of_custom(event)
    if trace is not None:
        trace.custom, trace.custom_at = state, event.timestamp
    elif not runs.all:
        record.state, record.state_time, record.worker = state, event.timestamp, event.hostname
    else:
        return  # the run has ended
    record.progress = event.progress or record.progress


def _gone(_: TaskRecord, runs: Runs, event: Event) -> None:
    runs.conclude(event, LOST)


def _end_missing(_: TaskRecord, runs: Runs, event: Event) -> None:
    runs.conclude(event, UNREPORTED)


def _end_by_result(runs: Runs, event: Event) -> None:
    run = runs.without_end(event) if runs.all else runs.begin(event)
    if run is not None:
        run.outcome, run.finished = STORED_ENDS[event.type], event.timestamp
        run.exception = event.exception
        run.retries = max(run.retries, event.retries or 0)


def _alive(_: TaskRecord, runs: Runs, event: Event) -> None:
    runs.note_alive(event)


_STEPS: Mapping[str, Callable[[TaskRecord, Runs, Event], None]] = MappingProxyType(
    {
        types.SENT: _sent,
        types.RECEIVED: _received,
        types.STARTED: _started,
        **dict.fromkeys(_OUTCOMES, _ended),
        WORKER_GONE: _gone,
        WORKER_ALIVE: _alive,
        END_MISSING: _end_missing,
    }
)


def _conclude(record: TaskRecord, runs: Runs) -> None:
    """The fields that follow from all runs together."""
    runs.infer_retries()
    current = runs.current()
    if current is not None:
        run, trace = current
        record.runs = [one for one, _ in runs.all]
        record.worker = run.worker
        record.received, record.started, record.finished = run.received, run.started, run.finished
        record.reason, record.runtime, record.retries = run.reason, run.runtime, run.retries
        record.exception, record.traceback = run.exception, run.traceback
        record.state, record.state_time = _state(run, trace)
        record.clock = trace.last_clock
        record.run_twice = record.run_twice or runs.twice()
    record.arguments_truncated = is_incomplete(record.args, record.kwargs)


def _state(run: Run, trace: Trace) -> tuple[str, float]:
    if run.outcome in CONCLUDED_STATES:
        return run.outcome, trace.concluded_at
    if run.outcome is not None:
        return run.outcome, run.finished or run.started or 0.0
    if trace.custom is not None:
        return trace.custom, max(trace.custom_at, trace.returned_at)
    if run.started is not None:
        return STARTED, max(run.started, trace.returned_at)
    return RECEIVED, run.received or 0.0


def _fill(record: TaskRecord, event: Event) -> None:
    """Only what the record does not know yet."""
    record.name = record.name or event.name
    record.args = event.args if record.args is None else record.args
    record.kwargs = event.kwargs if record.kwargs is None else record.kwargs
    record.root_id = record.root_id or event.root_id
    record.parent_id = record.parent_id or event.parent_id


def _set_times(record: TaskRecord, event: Event) -> None:
    record.eta = unix_time(event.eta)
    record.expires = unix_time(event.expires)


def _settled(base: TaskRecord) -> float:
    if base.state == PENDING and not base.runs:
        return 0.0
    return max(
        base.state_time,
        *(time or 0.0 for run in base.runs for time in (run.received, run.started, run.finished)),
        0.0,
    )


def _copy(record: TaskRecord) -> TaskRecord:
    copied: TaskRecord = record.__copy__()  # type: ignore[attr-defined]
    return copied
