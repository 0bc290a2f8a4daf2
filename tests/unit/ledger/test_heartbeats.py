"""A worker that stands still is known by its heartbeats, and judged as one that was killed."""

import threading

import pytest
from celery.events.receiver import EventReceiver
from redis.exceptions import ResponseError
from tools.ledger.executions import Kill
from tools.ledger.heartbeats import SILENT_SECONDS, Heartbeats, Silences

LONG = SILENT_SECONDS + 1


def hear(silences: Silences, at: float) -> None:
    silences.hear("w1", at, at)


@pytest.fixture
def silences() -> Silences:
    found = Silences()
    found.listen(0.0)
    return found


def test_a_worker_that_is_heard_of_is_not_silent(silences: Silences) -> None:
    for second in range(0, 100, 2):
        hear(silences, second)
    assert silences.all(100.0) == []


def test_a_worker_is_silent_from_when_its_next_heartbeat_was_due(silences: Silences) -> None:
    hear(silences, 10.0)
    assert silences.present(10.0 + SILENT_SECONDS) == []
    assert silences.present(10.0 + LONG) == [Kill("w1", 13.0)]


def test_a_silence_that_has_ended_stays_known(silences: Silences) -> None:
    hear(silences, 10.0)
    hear(silences, 10.0 + LONG)
    assert silences.present(10.0 + LONG) == []
    assert silences.all(10.0 + LONG) == [Kill("w1", 13.0)]


def test_a_worker_that_is_replaced_may_take_any_time_to_be_heard_of(silences: Silences) -> None:
    hear(silences, 10.0)
    silences.forget("w1", 10.0 + LONG)
    assert silences.all(1000.0) == [Kill("w1", 13.0)]


def test_a_heartbeat_of_the_process_that_was_replaced_is_no_sign_of_the_new_one(silences: Silences) -> None:
    silences.forget("w1", 10.0)
    silences.hear("w1", 10.5, 9.5)
    assert silences.all(1000.0) == []
    silences.hear("w1", 20.0, 19.5)
    assert silences.all(1000.0) == [Kill("w1", 23.0)]


def test_no_worker_is_silent_while_the_broker_is_away(silences: Silences) -> None:
    hear(silences, 10.0)
    silences.listening = False
    assert silences.all(1000.0) == []
    silences.listen(1000.0)
    assert silences.all(1000.0 + SILENT_SECONDS) == []
    assert silences.all(1000.0 + LONG) == [Kill("w1", 1003.0)]


def test_an_error_does_not_end_the_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    runs, again = [1], threading.Event()

    def run(_: EventReceiver) -> None:
        if runs:
            runs.clear()
            raise ResponseError("LOADING Redis is loading the dataset in memory")
        again.set()

    monkeypatch.setattr(EventReceiver, "run", run)
    with Heartbeats("memory://").listening():
        assert again.wait(30)
