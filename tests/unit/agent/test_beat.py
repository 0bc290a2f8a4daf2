"""Watching a scheduler's ticks from inside, without Celery's own loop."""

from types import SimpleNamespace
from typing import Any

import pytest

from celery_probe.agent.beat import ticks as beat_ticks
from celery_probe.agent.beat.state import STARTING, STOPPING, TICKING, Beat, phase
from celery_probe.agent.beat.waits import waits_for
from celery_probe.agent.errors import ErrorLog

READ = [("socket", "readinto"), ("redis._parsers.socket", "_read_from_socket"), ("redis.client", "execute")]
TICK = [("celery.beat", "tick"), ("celery_probe.agent.beat.ticks", "watched"), ("celery.beat", "start")]


class Scheduler:
    """Returns and raises what the test sets."""

    def __init__(self, next_tick: object = 2.0, max_interval: object = 300, heap: object = None) -> None:
        self.next_tick = next_tick
        self.max_interval = max_interval
        self._heap = heap
        self.during: list[tuple[float | None, float | None]] = []
        self.beat: Beat | None = None

    def tick(self, *_: Any) -> object:
        assert self.beat is not None
        self.during.append((self.beat.tick_began_mono, self.beat.tick_mono))
        if isinstance(self.next_tick, BaseException):
            raise self.next_tick
        return self.next_tick


class SlottedScheduler:
    """Nothing can be set on it."""

    __slots__ = ()
    max_interval = 1

    def tick(self) -> float:
        """Request the next tick in a second."""
        return 1.0


def begun(scheduler: Any) -> tuple[Beat, ErrorLog]:
    """A beat whose service has announced itself, as Celery's signal does."""
    beat, errors = Beat(), ErrorLog()
    scheduler_of = SimpleNamespace(scheduler=scheduler, _is_shutdown=SimpleNamespace(is_set=lambda: False))
    if isinstance(scheduler, Scheduler):
        scheduler.beat = beat
    beat_ticks.begin(beat, scheduler_of, errors)
    return beat, errors


def test_a_tick_is_seen_while_it_lasts_and_when_it_has_ended() -> None:
    scheduler = Scheduler(heap=[1, 2])
    beat, errors = begun(scheduler)
    assert (phase(beat), beat.tick_mono) == (STARTING, None)
    assert scheduler.tick() == 2.0
    ((began, ended),) = scheduler.during
    assert began is not None
    assert ended is None
    assert (beat.tick_began_mono, beat.due_in, beat.ticks, beat.entries) == (None, 2.0, 1, 2)
    assert beat.tick_mono is not None
    assert beat.tick_mono >= began
    assert (phase(beat), errors.count) == (TICKING, 0)


@pytest.mark.parametrize("next_tick", [None, 0, float("inf"), float("nan")])
def test_a_next_tick_that_json_cannot_have_is_none(next_tick: object) -> None:
    scheduler = Scheduler(next_tick)
    beat, errors = begun(scheduler)
    scheduler.tick()
    assert beat.due_in in (None, 0.0)
    assert errors.count == 0


def test_a_next_tick_that_is_not_a_number_reaches_celery_and_counts_one_error() -> None:
    scheduler = Scheduler("soon")
    beat, errors = begun(scheduler)
    assert scheduler.tick() == "soon"
    assert (beat.due_in, beat.ticks) == (None, 1)
    assert (errors.count, errors.last) == (1, "tick: ValueError")


@pytest.mark.parametrize("error", [SystemExit(0), RuntimeError("no schedule")])
def test_what_a_tick_raises_reaches_celery(error: BaseException) -> None:
    scheduler = Scheduler(error)
    beat, _ = begun(scheduler)
    with pytest.raises(type(error)):
        scheduler.tick()
    assert beat.tick_began_mono is None
    assert beat.tick_mono is not None


def test_a_scheduler_that_cannot_be_observed_is_reported_and_believed() -> None:
    beat, errors = begun(SlottedScheduler())
    assert (beat.blind, phase(beat)) == (True, TICKING)
    assert errors.last == "beat_init: AttributeError"
    assert beat.initialised_mono is not None


def test_an_odd_max_interval_does_not_keep_ticks_from_being_seen() -> None:
    scheduler = Scheduler(max_interval="long")
    beat, errors = begun(scheduler)
    scheduler.tick()
    assert (beat.max_interval, beat.ticks, beat.blind) == (None, 1, False)
    assert errors.last == "max_interval: ValueError"


def test_a_beat_that_celery_stops_is_stopping() -> None:
    scheduler = Scheduler()
    beat, _ = begun(scheduler)
    scheduler.tick()
    beat.service._is_shutdown.is_set = lambda: True
    assert phase(beat) == STOPPING


def test_a_beat_at_its_end_is_stopping() -> None:
    beat = Beat()
    beat.ended = True
    assert phase(beat) == STOPPING


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([*READ, ("kombu.transport.redis", "_put"), *TICK], "broker"),
        ([("kombu.utils.functional", "retry_over_time"), ("kombu.connection", "_ensure"), *TICK], "broker"),
        ([*READ, ("redbeat.schedulers", "schedule"), *TICK], "broker"),
        (
            [("kombu.utils.functional", "retry_over_time"), ("celery.backends.redis", "ensure")],
            "result_backend",
        ),
        ([*READ, ("celery.backends.redis", "on_task_call"), *TICK], "result_backend"),
        ([("socket", "readinto"), ("psycopg2", "execute"), ("django_celery_beat.schedulers", "sync")], ""),
        ([("shop.schedulers", "tick"), *TICK], ""),
        (TICK, ""),
        ([], ""),
    ],
)
def test_the_stack_shows_what_a_tick_waits_for(places: list[tuple[str, str]], expected: str) -> None:
    assert waits_for(places) == expected
