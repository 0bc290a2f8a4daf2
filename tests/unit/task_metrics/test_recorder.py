"""What is counted keeps its bounds, whatever names and values tasks bring, and no run is left out."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from celery_health.metrics.options import Options
from celery_health.metrics.recorder import Recorder
from celery_health.metrics.writer import _Writer
from celery_health.task_metrics.files import take_place
from celery_health.wire.task_metrics import (
    DOCUMENT_BYTES,
    MOST_PAIRS,
    MOST_ROWS,
    MOST_TASKS,
    OTHER,
    TASK_METRICS,
    TaskMetrics,
)


def recorder(**options: object) -> Recorder:
    return Recorder(Options(**options))  # type: ignore[arg-type]


def document(counted: Recorder) -> TaskMetrics:
    return TASK_METRICS.decode(counted.encode())


def test_a_run_is_counted_from_its_start_to_its_end() -> None:
    counted = recorder(buckets=(1.0, 10.0))
    counted.completed(counted.started("charge", "7"), 0.5)
    counted.completed(counted.started("charge", "7"), 12.0)
    counted.retried(counted.started("charge", "7"))
    counted.failed(counted.started("charge", "7"), "KeyError")
    counted.started("charge", "8")
    shown = document(counted)
    first, second = shown.runs
    assert (first.task, first.value, first.started, first.completed, first.retried) == (
        "charge",
        "7",
        4,
        2,
        1,
    )
    assert first.failed == {"KeyError": 1}
    assert (second.value, second.started, second.completed) == ("8", 1, 0)
    assert shown.durations[0].counts == [1, 0, 1]
    assert shown.durations[0].sum == 12.5


def test_50_000_values_of_a_hostile_argument_stay_within_the_cap_and_none_is_lost() -> None:
    counted = recorder(values=100)
    for number in range(50_000):
        counted.completed(counted.started("charge", f"customer-{number}"), 0.1)
    shown = document(counted)
    assert len(shown.runs) == 101
    assert {row.value for row in shown.runs} == {OTHER, *(f"customer-{number}" for number in range(100))}
    assert sum(row.started for row in shown.runs) == sum(row.completed for row in shown.runs) == 50_000
    assert shown.folded == 49_900


def test_the_first_values_stay_themselves_after_the_cap() -> None:
    counted = recorder(values=1)
    for value in ("first", "second", "first"):
        counted.started("charge", value)
    counted.started("refund", "first")
    assert {(row.task, row.value): row.started for row in document(counted).runs} == {
        ("charge", "first"): 2,
        ("charge", OTHER): 1,
        ("refund", "first"): 1,
    }


def test_tasks_errors_and_pairs_beyond_their_bounds_are_other_and_the_document_can_be_read() -> None:
    counted = recorder(values=1000)
    for number in range(MOST_TASKS + 500):
        for value in range(3):
            row = counted.started(f"task-{number}-" + "é" * 300, f"{value}-\x00\n\ud800" + "ü" * 100)
            counted.failed(row, f"Error{number}")
            counted.completed(row, 1.0, "a" * 32)
    shown = document(counted)
    assert sum(row.started for row in shown.runs) == 3 * (MOST_TASKS + 500)
    assert sum(sum(row.failed.values()) for row in shown.runs) == 3 * (MOST_TASKS + 500)
    assert len(shown.runs) <= MOST_PAIRS + MOST_TASKS + 1
    assert len({error for row in shown.runs for error in row.failed}) == 101
    assert OTHER in {row.task for row in shown.runs}


def test_the_largest_document_keeps_its_bound() -> None:
    counted = recorder(values=1000, buckets=tuple(float(number + 1) for number in range(30)))
    for number in range(3 * MOST_PAIRS):
        row = counted.started(f'{number % 1500}"' + "𝄞" * 300, f'{number % 1200}"' + "𝄞" * 100)
        counted.failed(row, f'{number % 150}"' + "𝄞" * 100)
        for bucket in range(31):
            counted.completed(row, float(bucket), "a" * 32)
    assert len(counted.encode()) < DOCUMENT_BYTES
    document(counted)


def test_a_worker_goes_on_from_the_numbers_of_the_one_before_and_from_its_cap() -> None:
    before = recorder(values=1)
    before.completed(before.started("charge", "first"), 0.1)
    before.failed(before.started("charge", "second"), "KeyError")
    after = recorder(values=1)
    assert after.go_on_from(document(before))
    after.completed(after.started("charge", "first"), 0.2)
    after.started("charge", "third")
    rows = {row.value: row for row in document(after).runs}
    assert (rows["first"].started, rows["first"].completed) == (2, 2)
    assert (rows[OTHER].started, rows[OTHER].failed) == (2, {"KeyError": 1})
    assert sum(document(after).durations[0].counts) == 2


def test_a_worker_folds_no_exception_earlier_than_the_one_before() -> None:
    before = recorder()
    for task in range(20):
        row = before.started(f"task-{task}", "")
        # The last one of all is still to come, and one in each row is beyond the bound.
        for error in range(101 if task < 19 else 99):
            before.failed(row, f"Error{error}")
    after = recorder()
    assert after.go_on_from(document(before))
    after.failed(after.started("task-19", ""), "Error99")
    last = document(after).runs[-1]
    assert (last.task, last.failed["Error99"]) == ("task-19", 1)
    assert OTHER not in last.failed


def test_a_worker_of_very_many_tasks_writes_what_the_next_one_reads() -> None:
    counted = recorder(values=1000)
    for value in ("first", "second", "beyond the pairs", ""):
        for number in range(MOST_TASKS + 1):
            counted.started(f"task-{number}", value)
    shown = document(counted)
    assert sum(row.started for row in shown.runs) == 4 * (MOST_TASKS + 1)
    assert len(shown.runs) == MOST_ROWS


def test_a_scrape_does_not_keep_a_count_out_of_the_file(tmp_path: Path) -> None:
    place, counted = take_place(tmp_path / "metrics"), recorder()
    writer = _Writer(place, counted)
    counted.started("charge", "7")
    counted.encode()
    writer.finish()
    assert place.read().runs[0].started == 1
    assert not counted.changed


@pytest.mark.parametrize("changed", [{"prefix": "shop"}, {"label": "tenant"}, {"buckets": (1.0,)}])
def test_a_worker_with_other_options_begins_at_zero(changed: dict[str, object]) -> None:
    before = recorder()
    before.started("charge", "first")
    after = recorder(**changed)
    assert not after.go_on_from(document(before))
    assert document(after).runs == []


def test_threads_lose_no_count() -> None:
    counted = recorder()

    def work(_: int) -> None:
        for number in range(2000):
            counted.completed(counted.started("charge", str(number % 7)), 0.01)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert sum(row.completed for row in document(counted).runs) == 16_000
    assert sum(document(counted).durations[0].counts) == 16_000
