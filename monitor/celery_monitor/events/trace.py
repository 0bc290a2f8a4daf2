"""What is known of one run beyond its record."""

from msgspec import Struct

from celery_monitor.events.event import Event
from celery_monitor.records.states import CONCLUDED_STATES, SUCCESS
from celery_monitor.records.tasks import Run

# Clocks of workers may differ by this much without a correction.
CLOCK_TOLERANCE = 1.0


class Trace(Struct):
    """What is known of a run beyond its record. A ``pid`` of 0 matches every process of the worker.

    ``clock``: of the first event; ``last_clock``: of the last one. ``custom``: the custom state that the run
    is in, since ``custom_at``. ``concluded_at``: since when the run is known to have ended, where no event
    says so. ``requeued``: the worker put the message back. ``alive``: a time at which the worker was known to
    be alive while the run lasted. ``returned_at``: when the worker of a run that
    seemed lost was heard of again.
    """

    pid: int = 0
    clock: int = 0
    last_clock: int = 0
    custom: str | None = None
    custom_at: float = 0.0
    concluded_at: float = 0.0
    requeued: bool = False
    alive: float = 0.0
    returned_at: float = 0.0


One = tuple[Run, Trace]


def is_of(event: Event, run: Run, trace: Trace) -> bool:
    """Whether the process that runs this run sent the event."""
    return run.worker == event.hostname and (trace.pid in {event.pid, 0} or event.pid == 0)


def overlap(first: One, second: Run) -> bool:
    """Whether the second run began after a success of the first, or while the first lasted."""
    run, trace = first
    if run.outcome == SUCCESS:
        return True
    if run.outcome in CONCLUDED_STATES or second.retries > run.retries:
        return False
    last = (run.finished if run.outcome is not None else trace.alive) or 0.0
    return last > (second.started or 0.0) + CLOCK_TOLERANCE


def beginning(run: Run) -> float | None:
    """The first known time of a run."""
    return run.received if run.received is not None else run.started or run.finished
