"""What flaps posts few Events, and the last one is right."""

from celery_operator.act.event_pacing import TURNS, WINDOW_SECONDS, EventPacing
from celery_operator.api.status import ConditionType
from celery_operator.decide.event_note import EventNote

WORKERS = ConditionType.WORKERS_HEALTHY
WEDGED = EventNote("Warning", "Wedged", "shop-a is wedged.", WORKERS)
DEAF = EventNote("Warning", "Deaf", "shop-a is deaf.", WORKERS)
HEALTHY = EventNote("Normal", "WorkersHealthy", "2 of 2 desired workers are consuming.", WORKERS)
READY = EventNote("Normal", "Ready", "2 workers are consuming.", ConditionType.READY)
BROKER = EventNote("Warning", "BrokerTimedOut", "redis:6379 does not answer.", ConditionType.BROKER_REACHABLE)
SCALED = EventNote("Normal", "ScaledOut", "Group default: 1 -> 2")


def test_a_recovery_is_posted_each_time() -> None:
    pacing = EventPacing()
    for now, note in enumerate([READY, WEDGED, READY, HEALTHY, WEDGED, READY, HEALTHY]):
        assert pacing.admits(note, float(now))


def test_a_fault_that_comes_back_without_having_ended_is_posted_once_in_a_window() -> None:
    pacing = EventPacing()
    assert pacing.admits(WEDGED, 0.0)
    assert not pacing.admits(WEDGED, 60.0)
    assert pacing.admits(DEAF, 70.0)
    assert pacing.admits(WEDGED, 80.0)
    assert pacing.admits(WEDGED, 80.0 + WINDOW_SECONDS)


def test_what_flaps_posts_a_bounded_number_and_its_last_turn() -> None:
    pacing = EventPacing()
    posted: list[tuple[float, EventNote]] = []
    for second in range(0, 1200, 10):
        note = HEALTHY if second % 20 else WEDGED
        posted += [(second, note) for note in pacing.due(second)]
        posted += [(second, note)] if pacing.admits(note, second) else []
    assert len(posted) == 2 * TURNS

    assert not pacing.admits(WEDGED, 1195.0)
    assert pacing.due(1200.0) == [WEDGED]
    assert pacing.due(1300.0) == []


def test_a_turn_that_was_not_posted_and_is_over_is_not_posted_later() -> None:
    pacing = EventPacing()
    for note in [WEDGED, HEALTHY] * (TURNS // 2):
        assert pacing.admits(note, 0.0)
    assert not pacing.admits(WEDGED, 1.0)
    assert not pacing.admits(HEALTHY, 2.0)
    assert pacing.due(WINDOW_SECONDS) == []


def test_one_condition_that_flaps_hides_no_other() -> None:
    pacing = EventPacing()
    for note in [WEDGED, HEALTHY] * TURNS:
        pacing.admits(note, 0.0)
    assert pacing.admits(BROKER, 0.0)


def test_a_note_about_no_condition_is_posted_once_in_a_window() -> None:
    pacing = EventPacing()
    assert pacing.admits(SCALED, 0.0)
    assert not pacing.admits(SCALED, WINDOW_SECONDS - 1)
    assert pacing.admits(SCALED, WINDOW_SECONDS)


def test_a_new_fault_is_posted_at_once_after_others_have_flapped() -> None:
    pacing = EventPacing()
    for note in [WEDGED, HEALTHY] * TURNS:
        pacing.admits(note, 0.0)
    assert pacing.admits(DEAF, 1.0)
    assert not pacing.admits(HEALTHY, 2.0)
    assert not pacing.admits(DEAF, 3.0)
