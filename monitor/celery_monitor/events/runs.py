"""Which run of a task an event belongs to.

Celery's events carry no number of the run, so the run follows from the worker process that sent the event and
from the order of the events.
"""

from msgspec import Struct

from celery_monitor.events.event import Event
from celery_monitor.records.states import CELERY_STATES, LOST, RETRY, SUCCESS, precedence
from celery_monitor.records.tasks import Run, TaskRecord

# Two events of one end: Celery sends task-rejected and then task-failed for Reject without requeue.
_ONE_END_SECONDS = 2.0
# Clocks of workers may differ by this much without a correction.
CLOCK_TOLERANCE = 1.0
MAX_RUNS = 100


class Trace(Struct):
    """What is known of a run beyond its record. A ``pid`` of 0 matches every process of the worker.

    ``clock``: of the first event; ``last_clock``: of the last one. ``custom``: the custom state that the run
    is in, since ``custom_at``. ``requeued``: the worker put the message back. ``alive``: a time at which the
    worker was known to be alive while the run lasted.
    """

    pid: int = 0
    clock: int = 0
    last_clock: int = 0
    custom: str | None = None
    custom_at: float = 0.0
    lost_at: float = 0.0
    requeued: bool = False
    alive: float = 0.0


class Runs:
    """The runs of one task in the order of their beginning."""

    def __init__(self, base: TaskRecord | None = None) -> None:
        self.all: list[tuple[Run, Trace]] = []
        if base is not None:
            self.all = [
                (_copy(run), Trace(last_clock=base.clock, lost_at=base.state_time)) for run in base.runs
            ]
            if self.all and base.state not in CELERY_STATES and base.state != LOST:
                trace = self.all[-1][1]
                trace.custom, trace.custom_at = base.state, base.state_time

    def begin(self, event: Event) -> Run:
        """A new run that this event belongs to."""
        last = self.all[-1][0] if self.all else None
        retries = event.retries
        if retries is None:
            retries = 0 if last is None else last.retries + (last.outcome == RETRY)
        run = Run(number=1 if last is None else last.number + 1, worker=event.hostname, retries=retries)
        self.all.append((run, Trace(event.pid, event.clock, event.clock)))
        if len(self.all) > MAX_RUNS:
            del self.all[1]
        return run

    def without_receipt(self, event: Event) -> Run | None:
        """The run that this task-received began, although an event of the run has an earlier timestamp."""
        for run, trace in reversed(self.all):
            if run.received is None and _is_of(event, run, trace) and event.clock < trace.clock:
                return run
        return None

    def not_started(self, event: Event) -> Run | None:
        """The run that this task-started starts."""
        for run, trace in reversed(self.all):
            if run.started is not None or not _is_of(event, run, trace):
                continue
            if run.outcome is None or event.clock < trace.last_clock:
                trace.last_clock = max(trace.last_clock, event.clock)
                return run
        return None

    def to_end(self, event: Event, outcome: str) -> Run:
        """The run that this event ends.

        A retry may start before the worker has noted the end of the run before it. Of two runs that last,
        the one with fewer retries ends in a retry, and the other one in another way. Of equal runs the one
        that started first ends first.
        """
        own = [one for one in self.all if _is_of(event, *one)]
        lasting = [one for one in own if one[0].started is not None and one[0].outcome is None]
        if lasting:
            pick = min if outcome == RETRY else max
            return _ending(*pick(lasting, key=lambda one: one[0].retries), event)
        for run, trace in reversed(own):
            is_inferred = run.outcome == outcome == RETRY and run.finished is None
            if run.outcome is None or run.outcome == LOST or is_inferred:
                return _ending(run, trace, event)
        if own and _is_same_end(*own[-1], event, outcome):
            return own[-1][0]
        return self.begin(event)

    def trace_of(self, run: Run) -> Trace:
        """What is known of a run beyond its record."""
        return next(trace for one, trace in self.all if one is run)

    def of_custom(self, event: Event) -> Trace | None:
        """The run that sends a custom event. Pool processes send these, with a pid and clock of their own."""
        for run, trace in reversed(self.all):
            if run.worker == event.hostname and run.outcome is None:
                return trace
        return None

    def lose(self, event: Event) -> None:
        """End the started runs of a worker that is gone."""
        for run, trace in self.all:
            if run.outcome is None and run.started is not None and _is_of(event, run, trace):
                run.outcome = LOST
                trace.lost_at = event.timestamp

    def last_sign_of(self, worker: str) -> float | None:
        """The latest time of a run that this worker has started and not ended, None without such a run."""
        signs = [
            max(run.started, run.received or 0.0, trace.custom_at)
            for run, trace in self.all
            if run.worker == worker and run.outcome is None and run.started is not None
        ]
        return max(signs, default=None)

    def note_alive(self, event: Event) -> None:
        """The worker is alive, so its runs still last."""
        for run, trace in self.all:
            if run.outcome is None and _is_of(event, run, trace):
                trace.alive = event.timestamp

    def infer_retries(self) -> None:
        """End the runs whose retry has begun, also if their own event is missing."""
        most = -1
        for run, _ in reversed(self.all):
            if run.outcome is None and run.started is not None and run.retries < most:
                run.outcome = RETRY
            most = max(most, run.retries)

    def current(self) -> tuple[Run, Trace] | None:
        """The run that gives the task its state: a successful one, otherwise the latest."""
        if not self.all:
            return None
        for one in self.all:
            if one[0].outcome == SUCCESS:
                return one
        latest = self.all[-1]
        if len(self.all) == 1:
            return latest
        run = latest[0]
        if run.outcome == RETRY:
            return self._retried_by(latest)
        if run.outcome is None and run.started is None:
            # Delivered a second time, and a worker is running it.
            running = [one for one in self.all if one[0].started is not None and one[0].outcome is None]
            return running[-1] if running else latest
        return latest

    def _retried_by(self, latest: tuple[Run, Trace]) -> tuple[Run, Trace]:
        """The run with more retries, which may have begun earlier by the clock of another worker."""
        run = latest[0]
        earliest = (_beginning(run) or 0.0) - 10 * CLOCK_TOLERANCE
        later = [
            one
            for one in self.all
            if one[0].retries > run.retries and (_beginning(one[0]) or 0.0) >= earliest
        ]
        return max(later, key=lambda one: one[0].retries) if later else latest

    def twice(self) -> bool:
        """Whether a run began after a success, or while another worker was running the task."""
        if len(self.all) < 2:
            return False
        started = [one for one in self.all if one[0].started is not None]
        started.sort(key=lambda one: one[0].started or 0.0)
        return any(
            _overlap(first, second[0])
            for position, first in enumerate(started)
            for second in started[position + 1 :]
        )

    def doubtful(self) -> list[str]:
        """The workers whose runs may still last although another run has started since."""
        started = [run for run, _ in self.all if run.started is not None]
        if len(started) < 2:
            return []
        latest = max(run.started or 0.0 for run in started)
        return [run.worker for run in started if run.outcome is None and (run.started or 0.0) < latest]


def _is_of(event: Event, run: Run, trace: Trace) -> bool:
    return run.worker == event.hostname and (trace.pid in {event.pid, 0} or event.pid == 0)


def _ending(run: Run, trace: Trace, event: Event) -> Run:
    trace.last_clock = event.clock
    return run


def _is_same_end(run: Run, trace: Trace, event: Event, outcome: str) -> bool:
    if run.outcome in {SUCCESS, RETRY, None} or trace.requeued or run.finished is None:
        return False
    return run.outcome != outcome and event.timestamp - run.finished <= _ONE_END_SECONDS


def _overlap(first: tuple[Run, Trace], second: Run) -> bool:
    run, trace = first
    if run.outcome == SUCCESS:
        return True
    if run.outcome == LOST or second.retries > run.retries:
        return False
    last = (run.finished if run.outcome is not None else trace.alive) or 0.0
    return last > (second.started or 0.0) + CLOCK_TOLERANCE


def _beginning(run: Run) -> float | None:
    return run.received if run.received is not None else run.started or run.finished


def _copy(run: Run) -> Run:
    copied: Run = run.__copy__()  # type: ignore[attr-defined]
    return copied


def worse(one: str | None, other: str) -> str:
    """Of two outcomes of one end the one that Celery's order keeps."""
    return other if one is None or one == LOST or precedence(other) < precedence(one) else one
