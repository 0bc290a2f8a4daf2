"""Watches the ticks of beat's scheduler, whatever class it is of: all that it needs is a ``tick`` method."""

from __future__ import annotations

from functools import wraps
from math import isfinite
from typing import Any

from celery import signals

from celery_probe.agent import natives
from celery_probe.agent.beat.state import Beat
from celery_probe.agent.errors import ErrorLog


def install(beat: Beat, errors: ErrorLog) -> None:
    """Have the ticks of the scheduler watched as soon as Celery has made it, and published tasks counted."""

    def on_init(sender: Any = None, **_: Any) -> None:
        begin(beat, sender, errors)

    def on_publish(**_: Any) -> None:
        beat.sent += 1

    # Celery's own signal before the first tick. Connected before any scheduler's module can do so: RedBeat
    # waits for its lock in the same signal, and that wait shall be seen as one of an initialised beat.
    signals.beat_init.connect(on_init, weak=False)
    signals.after_task_publish.connect(on_publish, weak=False)


def begin(beat: Beat, service: Any, errors: ErrorLog) -> None:
    """Watch the scheduler of beat's service. Never raises: beat runs on where that cannot be done."""
    try:
        _note_service(beat, service, errors)
    except Exception as error:
        errors.add("beat_init", error)
        beat.blind = True
    beat.initialised_mono = natives.monotonic()


def _note_service(beat: Beat, service: Any, errors: ErrorLog) -> None:
    beat.thread = natives.get_ident()
    beat.service = service
    scheduler = service.scheduler
    beat.scheduler = f"{type(scheduler).__module__}.{type(scheduler).__qualname__}"
    with errors.caught("max_interval"):
        beat.max_interval = _seconds(scheduler.max_interval)
    scheduler.tick = _watched(scheduler, beat, errors)


def _watched(scheduler: Any, beat: Beat, errors: ErrorLog) -> Any:
    """The scheduler's own ``tick``, with its beginning and its end noted."""
    tick = scheduler.tick

    @wraps(tick)
    def watched(*args: Any, **kwargs: Any) -> Any:
        beat.tick_began_mono = natives.monotonic()
        next_due = None
        try:
            next_due = tick(*args, **kwargs)
            return next_due
        finally:
            # In this order: a reader in between sees a tick under way, never one that is overdue.
            with errors.caught("tick"):
                beat.due_in = _seconds(next_due)
                beat.entries = _entries(scheduler)
            beat.ticks += 1
            beat.tick_mono = natives.monotonic()
            beat.tick_began_mono = None

    return watched


def _seconds(value: Any) -> float | None:
    """A number of seconds as JSON can have it."""
    seconds = None if value is None else float(value)
    return seconds if seconds is not None and isfinite(seconds) else None


def _entries(scheduler: Any) -> int | None:
    """Entries of the schedule. Only Celery's heap of them: ``schedule`` may ask a database."""
    heap = getattr(scheduler, "_heap", None)
    return len(heap) if isinstance(heap, list) else None
