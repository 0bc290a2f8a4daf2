"""The page of the fault matrix says what failed, and why a task may have run twice."""

from typing import Any

import pytest
from tools.fault_matrix.measure import Result
from tools.fault_matrix.page import page
from tools.fault_matrix.rows import BY_NAME, ROWS, Row
from tools.fault_matrix.stand import BROKERS, POOLS

from tests.e2e.test_fault_matrix import PARTS

FACTS = {"commit": "abc1234"}


def result(row: str = "wedged", **fields: Any) -> Result:
    known: dict[str, Any] = {
        "reported_as": "Wedged",
        "reported_after": 15.4,
        "healed_after": 35.6,
        "innocent_restarts": 0,
        "lost": 0,
        "doubled": 0,
    }
    return Result(row, "prefork", "redis", **{**known, **fields})


def line_of(text: str, row: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"| {row} |"))


def test_a_row_as_it_should_be_shows_whole_seconds_and_ok() -> None:
    line = line_of(page([result()], FACTS), "wedged")
    assert "| Wedged | 15 |" in line
    assert line.endswith("| 36 | 0 | 0 | 0 | ok |")


def test_a_row_that_was_never_reported_shows_dashes_and_why_it_failed() -> None:
    unknown = dict.fromkeys(("reported_after", "healed_after", "innocent_restarts", "lost", "doubled"))
    unreported: dict[str, Any] = {**unknown, "reported_as": "", "problem": "not within 60 s"}
    line = line_of(page([result(**unreported)], FACTS), "wedged")
    assert line.endswith("| - | - | - | FAILED: not within 60 s |")


def test_a_doubled_task_is_explained_below_the_table() -> None:
    text = page([result("orphaned unacked", doubled=2)], FACTS)
    assert "Run twice in `orphaned unacked`: the worker was killed" in text


def test_the_page_names_what_it_was_measured_with() -> None:
    assert "- commit: abc1234" in page([], FACTS)


def test_rows_come_in_the_order_of_the_verdict_table() -> None:
    text = page([result("agent absent"), result("deaf"), result("wedged")], FACTS)
    assert text.index("| wedged |") < text.index("| deaf |") < text.index("| agent absent |")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_exists_somewhere_and_has_a_name_of_its_own(row: Row) -> None:
    assert any(row.applies(pool, broker) for pool in POOLS for broker in BROKERS)
    assert BY_NAME[row.name] is row


def test_the_part_in_ci_names_rows_that_apply_where_they_run() -> None:
    for pool, broker, names in PARTS:
        assert all(BY_NAME[name].applies(pool, broker) for name in names), (pool, broker)
