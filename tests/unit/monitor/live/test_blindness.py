"""When the monitor says that it sees nothing, and why."""

from celery_monitor.live.blindness import Sight, blind, events_are_off, not_connected
from tests.unit.monitor.live.worlds import NOW


def sight(**known: object) -> Sight:
    fields = {"now": NOW, "since": NOW - 600, "connected": True, **known}
    return Sight(**fields)  # type: ignore[arg-type]


def test_the_monitor_is_blind_when_workers_live_and_no_event_comes() -> None:
    sentence = blind(sight(last_event=NOW - 120, workers_elsewhere=3, source="remote control"))

    assert sentence is not None
    assert "120 s" in sentence or "2 min" in sentence
    assert "remote control shows 3 workers" in sentence


def test_the_monitor_is_not_blind_without_workers_or_shortly_after_a_start() -> None:
    assert blind(sight(last_event=None, workers_elsewhere=0, source="the operator")) is None
    assert blind(sight(last_event=None, workers_elsewhere=None)) is None
    assert blind(sight(since=NOW - 10, workers_elsewhere=3, source="the operator")) is None
    assert blind(sight(last_event=NOW - 5, workers_elsewhere=3, source="the operator")) is None


def test_a_receiver_without_connection_is_named_first() -> None:
    cut_off = sight(connected=False, error="redis://b:6379/0 refuses connections.", workers_elsewhere=3)

    assert not_connected(cut_off) == "redis://b:6379/0 refuses connections."
    assert blind(cut_off) is None


def test_workers_without_task_events_are_named() -> None:
    sentence = events_are_off(sight(without_task_events=("w1@a", "w2@a")))

    assert sentence is not None
    assert "2 workers send no task events" in sentence
    assert "w1@a and w2@a" in sentence
    assert events_are_off(sight()) is None
