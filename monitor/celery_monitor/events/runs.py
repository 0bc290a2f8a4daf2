"""Which run of a task an event belongs to.

Celery's events carry no number of the run, so the run follows from the worker process that sent the event and
from the order of the events.
"""

from collections.abc import Sequence

from celery_monitor.events.ends import began_at, is_same_end, to_finish
from celery_monitor.events.event import RETRIED, Event
from celery_monitor.events.starts import started_again, take_start, take_start_of_later
from celery_monitor.events.trace import CLOCK_TOLERANCE, One, Trace, beginning, is_of, overlap
from celery_monitor.records.states import CELERY_STATES, CONCLUDED_STATES, LOST, RETRY, SUCCESS
from celery_monitor.records.tasks import Run, TaskRecord

MAX_RUNS = 100
_END_FIELDS = ("outcome", "finished", "reason", "runtime", "exception", "traceback")


class Runs:
    """The runs of one task in the order of their beginning."""

    def __init__(self, base: TaskRecord | None = None) -> None:
        self.all: list[tuple[Run, Trace]] = []
        if base is not None:
            self.all = [
                (_copy(run), Trace(last_clock=base.clock, concluded_at=base.state_time)) for run in base.runs
            ]
            if self.all and base.state not in CELERY_STATES and base.state not in CONCLUDED_STATES:
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
            if run.received is None and is_of(event, run, trace) and event.clock < trace.clock:
                return run
        return None

    def not_started(self, event: Event) -> Run | None:
        """The run that this task-started starts."""
        own = [one for one in self.all if is_of(event, *one)]
        again = started_again(own)
        for run, trace in reversed(own):
            is_waiting = run.started is None and (run.outcome is None or event.clock < trace.last_clock)
            if run is again or (again is None and is_waiting):
                trace.last_clock = max(trace.last_clock, event.clock)
                return run
        return None

    def to_end(self, event: Event, outcome: str) -> Run:
        """The run that this event ends."""
        own = [one for one in self.all if is_of(event, *one)]
        if event.type == RETRIED:
            run = self._to_retry(event, own)
        elif run := to_finish(event, own, self.all):
            take_start_of_later(run, own, event.timestamp, began_at(event))
        else:
            run = self._taken_back(event, own)
        if run is not None:
            self.trace_of(run).last_clock = event.clock
            return run
        for run, trace in reversed(own):
            is_inferred = run.outcome == outcome == RETRY and run.finished is None
            if run.outcome is None or run.outcome in CONCLUDED_STATES or is_inferred:
                trace.last_clock = event.clock
                return run
        if own and is_same_end(*own[-1], event):
            return own[-1][0]
        if event.type == RETRIED:
            retries = (run for run, _ in self.all if self._nothing_known_before(run))
            if (retry := next(retries, None)) is not None:
                return self._begin_before(retry, event)
        return self.begin(event)

    def _to_retry(self, event: Event, own: Sequence[One]) -> Run | None:
        """The run that a task-retried ends.

        Celery sends the message of the retry before this event, so the next run may have been received,
        started and ended before. It is the run with the fewest retries. A run that never started is not
        retried: its task-started is missing, or the event is of the run before it. That may be a second
        delivery, if no run is known of which the next one is the retry.
        """
        inferred = [run for run, _ in own if run.outcome == RETRY and run.finished is None]
        found = inferred or [run for run, _ in own if run.outcome is None and not self._waits_again(run)]
        if all(run.started is None for run in found):
            found += [run for run, _ in own if run.outcome is None and self._has_unexplained_retry(run)]
        if not found:
            return None
        run = min(found, key=lambda one: (one.retries, one.started is None))
        if run.outcome is None and run.started is None and self._nothing_known_before(run):
            return self._begin_before(run, event)
        take_start(run, own)
        return run

    def _taken_back(self, event: Event, own: Sequence[One]) -> Run | None:
        """A run that seemed to end in a retry, and that lasted on, as its runtime shows if it is known.

        The task-retried was of the run before it, of which no other event came.
        """
        began = began_at(event)
        for run, _ in reversed(own):
            if run.outcome != RETRY or run.finished is None:
                continue
            # Only task-received carries the number of retries; otherwise it is inferred.
            is_inferred = began is not None and run.received is None and run is self.all[0][0]
            if not is_inferred and not self._nothing_known_before(run):
                continue
            if began is None or (run.received or 0.0) <= began < run.finished:
                run.retries = max(run.retries, 1)
                before = self._begin_before(run, event)
                for name in _END_FIELDS:
                    setattr(before, name, getattr(run, name))
                    setattr(run, name, None)
                return run
        return None

    def _begin_before(self, run: Run, event: Event) -> Run:
        """The run whose retry is ``run``."""
        at = next(index for index, one in enumerate(self.all) if one[0] is run)
        before = Run(number=run.number, worker=event.hostname, retries=run.retries - 1)
        self.all.insert(at, (before, Trace(event.pid, event.clock, event.clock)))
        for one, _ in self.all[at + 1 :]:
            one.number += 1
        return before

    def _nothing_known_before(self, run: Run) -> bool:
        """Whether this is a retry, and there is no run that it is the retry of."""
        return run.retries > 0 and all(one.retries != run.retries - 1 for one, _ in self.all)

    def _has_unexplained_retry(self, run: Run) -> bool:
        """Whether there is a run with one retry more, and no run of which it is known to be the retry."""
        following = any(one.retries == run.retries + 1 for one, _ in self.all)
        return following and not any(
            one.retries == run.retries and one.outcome == RETRY for one, _ in self.all
        )

    def _waits_again(self, run: Run) -> bool:
        """Whether this is a second delivery that has not started."""
        return run.started is None and any(
            one.started is not None and one.retries == run.retries for one, _ in self.all
        )

    def trace_of(self, run: Run) -> Trace:
        """What is known of a run beyond its record."""
        return next(trace for one, trace in self.all if one is run)

    def of_custom(self, event: Event) -> Trace | None:
        """The run that sends a custom event. Pool processes send these, with a pid and clock of their own."""
        for run, trace in reversed(self.all):
            if run.worker == event.hostname and run.outcome is None:
                return trace
        return None

    def conclude(self, event: Event, outcome: str) -> None:
        """End the runs that a worker had started by then, without an event of their end."""
        for run, trace in self.all:
            if run.outcome is not None or run.started is None or run.started > event.timestamp:
                continue
            if is_of(event, run, trace):
                run.outcome = outcome
                trace.concluded_at = event.timestamp

    def without_end(self, event: Event) -> Run | None:
        """The latest run of the worker that began before this and of whose end no event came."""
        for run, _ in reversed(self.all):
            if run.worker == event.hostname and (beginning(run) or 0.0) <= event.timestamp:
                return run if run.outcome is None or run.outcome in CONCLUDED_STATES else None
        return None

    def last_sign_of(self, worker: str) -> float | None:
        """The latest time of a run that this worker has started and not ended, None without such a run."""
        signs = [
            max(run.started, run.received or 0.0, trace.custom_at)
            for run, trace in self.all
            if run.worker == worker and run.outcome is None and run.started is not None
        ]
        return max(signs, default=None)

    def lost_since(self, worker: str) -> float | None:
        """Since when runs of this worker are lost, the latest such time; None without such a run."""
        times = [
            trace.concluded_at for run, trace in self.all if run.worker == worker and run.outcome == LOST
        ]
        return max(times, default=None)

    def note_alive(self, event: Event) -> None:
        """The worker is alive, so its runs still last, also those that seemed lost."""
        for run, trace in self.all:
            if not is_of(event, run, trace):
                continue
            if run.outcome == LOST and trace.concluded_at < event.timestamp:
                run.outcome, trace.returned_at = None, event.timestamp
            if run.outcome is None:
                trace.alive = event.timestamp

    def infer_retries(self) -> None:
        """End the runs whose retry has begun, also if their own event is missing: one of equal runs."""
        most = -1
        explained = {run.retries for run, _ in self.all if run.outcome == RETRY}
        for run, _ in reversed(self.all):
            if run.outcome is None and run.retries < most and not self._waits_again(run):
                if run.retries not in explained:
                    run.outcome = RETRY
                explained.add(run.retries)
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
        earliest = (beginning(run) or 0.0) - 10 * CLOCK_TOLERANCE
        later = [
            one for one in self.all if one[0].retries > run.retries and (beginning(one[0]) or 0.0) >= earliest
        ]
        return max(later, key=lambda one: one[0].retries) if later else latest

    def twice(self) -> bool:
        """Whether a run began after a success, or while another worker was running the task."""
        if len(self.all) < 2:
            return False
        started = [one for one in self.all if one[0].started is not None]
        started.sort(key=lambda one: one[0].started or 0.0)
        return any(
            overlap(first, second[0])
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


def _copy(run: Run) -> Run:
    copied: Run = run.__copy__()  # type: ignore[attr-defined]
    return copied
