"""The words of one or two characters that have an index of their own."""

import pytest

from celery_monitor.history.rows.short_values import searched_short_values, short_values


@pytest.mark.parametrize(
    ("args", "kwargs", "values"),
    [
        (None, None, set()),
        ("(42, 'customer', 421)", "{'n': 7}", {"42", "n", "7"}),
        ("»7« §42§ é8", None, {"7", "42", "8"}),
        ("('a-b', 4.2, x_, _y1)", "{}", {"a", "b", "4", "2", "x_"}),
        ("1", "2", {"1", "2"}),
    ],
)
def test_words_of_arguments(args: str | None, kwargs: str | None, values: set[str]) -> None:
    assert short_values(args, kwargs) == values


@pytest.mark.parametrize(
    ("value", "values"),
    [
        ("42", ["42"]),
        ("421", []),
        ("4*", []),
        ("*42", []),
        ("42, *", ["42"]),
        ("a b*c d", ["a", "d"]),
        ("é", []),
        ("()", []),
    ],
)
def test_words_that_a_searched_value_has_in_every_task(value: str, values: list[str]) -> None:
    assert searched_short_values(value) == values
