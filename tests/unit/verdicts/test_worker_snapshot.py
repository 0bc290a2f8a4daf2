"""A worker as its own report shows it to the fleet."""

import pytest
from msgspec import structs

from celery_health.verdicts.text import lasting
from celery_health.verdicts.worker_snapshot import worker_snapshot
from celery_health.wire.worker_report import ActiveTask, TransportEvidence
from tests.unit.wire.documents import worker_document, worker_report

EMPTY = worker_report(worker_document(active=[], active_count=0))


def test_times_are_those_of_the_report_and_its_age() -> None:
    one = structs.replace(
        EMPTY,
        written_mono=100.0,
        written_at=1_000.0,
        progress_mono=60.0,
        active=(ActiveTask("id-1", "shop.pay", 990.0, 300.0), ActiveTask("id-2", "shop.pay", None)),
    )
    seen = worker_snapshot("worker@a", one, consuming=True, age=2.5)
    assert seen.idle_for == 42.5
    assert [(task.running_for, task.limit) for task in seen.running] == [(12.5, 300.0), (None, None)]


def test_a_report_without_the_new_evidence_shows_nothing() -> None:
    seen = worker_snapshot(
        "worker@a", structs.replace(EMPTY, pool_size=0, progress_mono=None), consuming=None
    )
    assert (seen.idle_for, seen.slots, seen.consuming) == (None, None, None)


def test_a_clock_that_was_set_back_gives_no_negative_time() -> None:
    one = structs.replace(EMPTY, written_at=10.0, active=(ActiveTask("id-1", "shop.pay", 20.0),))
    assert worker_snapshot("worker@a", one, consuming=True).running[0].running_for == 0.0


@pytest.mark.parametrize("room", [True, False, None])
def test_room_is_the_transports_own_word(room: bool | None) -> None:
    one = structs.replace(EMPTY, transport=TransportEvidence("redis", can_consume=room), prefetch=None)
    assert worker_snapshot("worker@a", one, consuming=True).takes_more is room


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.9, "0 s"), (119.0, "119 s"), (125.0, "2 min"), (7199.0, "119 min"), (7200.0, "2 h")],
)
def test_times_are_written_in_the_unit_that_fits(seconds: float, words: str) -> None:
    assert lasting(seconds) == words
