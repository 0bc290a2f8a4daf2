"""Values that databases refuse, rows that lose nothing, and what a cursor accepts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_monitor.history.errors import CursorError
from celery_monitor.history.filters import TaskFilter, parse_filter
from celery_monitor.history.reading import cursor
from celery_monitor.history.rows import clean
from celery_monitor.history.rows.tasks import (
    COLUMNS,
    INDEX,
    LABEL_COLUMNS,
    begin,
    label_numbers,
    record_of,
    row_of,
    searchable,
)
from celery_monitor.history.views import Sort, SortKey, parse_sort
from celery_monitor.records.states import CELERY_STATES
from celery_monitor.records.tasks import Run, TaskRecord


@given(st.text(st.characters(codec=None)))
def test_a_text_that_was_cleaned_is_valid(text: str) -> None:
    found = clean.text(text)
    assert found is not None
    assert "\0" not in found
    found.encode()


@given(st.floats())
def test_a_time_that_was_cleaned_is_an_ordinary_number(value: float) -> None:
    found = clean.time(value)
    assert found is None or abs(found) < 1e11


@given(st.integers())
def test_an_integer_that_was_cleaned_fits_its_column(value: int) -> None:
    small, large = clean.integer(value), clean.integer(value, 64)
    assert small is not None
    assert large is not None
    assert abs(small) < 2**31
    assert abs(large) < 2**63


class _Labels:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def id(self, _kind: int, value: str | None) -> int | None:
        if value is None:
            return None
        self.texts.append(value)
        return len(self.texts)

    def text(self, number: int | None) -> str | None:
        return self.texts[number - 1] if number else None


_TIMES = st.one_of(st.none(), st.floats(1, 1e10))
_TEXTS = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
_RECORDS = st.builds(
    TaskRecord,
    id=st.text("abc", min_size=1),
    name=_TEXTS,
    worker=_TEXTS,
    queue=_TEXTS,
    state=st.sampled_from(CELERY_STATES),
    sent=_TIMES,
    received=_TIMES,
    started=_TIMES,
    finished=_TIMES,
    runtime=_TIMES,
    args=_TEXTS,
    exception=_TEXTS,
    traceback=_TEXTS,
    root_id=st.one_of(st.none(), st.text("abc", min_size=1)),
    state_time=st.floats(1, 1e10),
    clock=st.integers(0, 2**40),
)


@given(_RECORDS, st.booleans())
def test_a_record_reads_back_as_it_was_written(record: TaskRecord, ran: bool) -> None:
    if ran:
        ended = record.state in ("SUCCESS", "FAILURE", "REVOKED", "REJECTED", "RETRY")
        record.runs = [
            Run(
                number=1,
                worker=record.worker or "",
                received=record.received,
                started=record.started,
                finished=record.finished,
                outcome=record.state if ended else None,
                runtime=record.runtime,
                exception=record.exception,
                traceback=record.traceback,
            )
        ]
    labels = _Labels()
    record.at = begin(record)
    assert record_of(row_of(record, labels.id), labels.text, []) == record


def test_each_value_of_a_row_stands_in_the_column_of_its_name() -> None:
    labels = _Labels()
    row: list[Any] = [float(number) for number in range(len(COLUMNS))]
    for name in LABEL_COLUMNS:
        row[INDEX[name]] = labels.id(0, name)
    row[INDEX["execution_id"]], row[INDEX["flags"]], row[INDEX["run_count"]] = "a", 0, 0
    # Lists read the number of the row as well.
    record = record_of((*row, 12), labels.text, [])
    plain = [name for name in COLUMNS if name in record.__struct_fields__ and name != "run_twice"]
    assert len(plain) > 20
    assert {name: getattr(record, name) for name in plain} == {name: row[INDEX[name]] for name in plain}
    named = {name: name.removesuffix("_id") for name in LABEL_COLUMNS if name != "error_id"}
    assert {name: getattr(record, field) for name, field in named.items()} == {name: name for name in named}
    assert label_numbers([row]) == set(range(1, len(LABEL_COLUMNS) + 1))


def test_empty_arguments_are_not_searchable() -> None:
    assert searchable("()", "{}", None, None) == ""
    assert searchable("(42,)", "{}", None, "'ok'") == "\n(42,)\n'ok'\n"


@pytest.mark.parametrize("key", list(SortKey))
def test_an_order_is_read_as_it_is_written(key: SortKey) -> None:
    for descending in (True, False):
        assert parse_sort(str(Sort(key, descending))) == Sort(key, descending)


def test_an_unknown_order_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="write one of time, runtime"):
        parse_sort("-age")


def test_a_cursor_reads_back_for_its_own_list_only() -> None:
    task_filter, sort = parse_filter("state:failure"), Sort()
    position = cursor.Position(1, "é" * 300, 1795900000.25, 12, 1795900001.0)
    text = cursor.encode(position, task_filter, sort)
    assert cursor.decode(text, task_filter, sort) == position
    with pytest.raises(CursorError, match="another filter or another order"):
        cursor.decode(text, TaskFilter(), sort)


@given(st.text(max_size=120))
def test_a_damaged_cursor_has_one_error(text: str) -> None:
    with pytest.raises(CursorError):
        cursor.decode(text, TaskFilter(), Sort())
