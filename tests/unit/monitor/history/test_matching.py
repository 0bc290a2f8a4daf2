"""A filter as a function of one task. The comparison with the databases is among the integration tests."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from celery_monitor.history.filters import parse_filter
from celery_monitor.history.filters.matching import Folding, StoredTask, matcher
from celery_monitor.records.tasks import TaskRecord

LONG = StoredTask(TaskRecord(id="t", name="e" * 512, args="e" * 4_096, kwargs="e" * 4_096), None, None)


@pytest.mark.parametrize("field", ["arg", "name"])
@pytest.mark.parametrize("last", ["€", "", "e"])
def test_a_filter_with_many_stars_takes_no_time(field: str, last: str) -> None:
    """A client's filter runs on the event loop for each task that is stored."""
    matches = matcher(parse_filter(f"{field}:{'*e' * 60}*{last}"), Folding())
    began = time.thread_time()
    assert matches(LONG, 0.0) == (last != "€")
    assert time.thread_time() - began < 1


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        ("name:a*b*b", {"name": "a-b-b"}, True),
        ("name:a*b*b", {"name": "a-b"}, False),
        ("name:ab*ba", {"name": "aba"}, False),
        ("name:ab*ba", {"name": "abba"}, True),
        ("name:a*", {"name": "ba"}, False),
        ("arg:a*2", {"args": "(a, 21, 2)"}, True),
        ("arg:a*2", {"args": "(a, 21)"}, False),
        ("arg:a*a", {"args": "(a)"}, False),
        ("arg:*1", {"args": "(21)"}, True),
    ],
)
def test_the_parts_of_a_filter_follow_one_another(
    text: str, fields: Mapping[str, Any], expected: bool
) -> None:
    task = StoredTask(TaskRecord(id="t", **fields), None, None)
    assert matcher(parse_filter(text), Folding())(task, 0.0) == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("charge", "shop.charge_card", True),
        ("CHARGE_card", "shop.charge_card", True),
        ("charge*card", "shop.charge_card", False),
        ("-charge", "shop.charge_card", False),
        ("-charge", None, True),
        ("éclair", "Éclair", False),
        ("name:éclair", "Éclair", False),
    ],
)
def test_a_word_is_searched_in_the_name_too(text: str, name: str | None, expected: bool) -> None:
    """Databases that know all letters compare names by those of ASCII, as labels are stored."""
    task = StoredTask(TaskRecord(id="t", name=name), None, None)
    assert matcher(parse_filter(text), Folding(all_letters=True))(task, 0.0) == expected
