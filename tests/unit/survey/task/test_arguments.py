"""Arguments are rebuilt only where nothing is missing and nothing but values is shown."""

from typing import Any

import pytest
from celery.utils.saferepr import saferepr

from celery_health.survey.task.arguments import (
    UnknownArgumentsError,
    arguments_of_texts,
    arguments_of_values,
)


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((), {}),
        ((7, 1.5, None, True, 'a "quoted" \u00e9 text'), {"order": 1, "lines": [1, {"a": 2}]}),
        ([1], {"negative": -3}),
    ],
)
def test_plain_values_come_back_as_they_were(args: Any, kwargs: dict[str, Any]) -> None:
    found = arguments_of_texts(saferepr(args), saferepr(kwargs), truncated=False)
    assert (found.args, found.kwargs) == (args, kwargs)


@pytest.mark.parametrize("value", ["C:\\new", "it's", "a\\'b", "line\nline", "[...]", [[[[1]]]], "a" * 2000])
def test_what_celery_shows_ambiguously_is_refused(value: object) -> None:
    with pytest.raises(UnknownArgumentsError):
        arguments_of_texts(saferepr((value,), 1024), "{}", truncated=False)


@pytest.mark.parametrize(
    ("args", "kwargs", "reason"),
    [
        (None, "{}", "No event"),
        ("()", None, "No event"),
        ("(1, ...)", "{}", "shortened"),
        ("()", "{'a': [[[...]]]}", "shortened"),
        ("('aaa...',)", "{}", "shortened"),
        ("()", "{'password': ***}", "secrets"),
        ("()", "{'password': '***'}", "secrets"),
        ("(<Order 7>,)", "{}", "not plain values"),
        ("(__import__('os').system('true'),)", "{}", "not plain values"),
        ("(datetime.date(2026, 1, 1),)", "{}", "not plain values"),
        ("({1, 2},)", "{}", "not plain values"),
        ("(b'bytes',)", "{}", "not plain values"),
        ("(1j,)", "{}", "not plain values"),
        ("(1e999,)", "{}", "not plain values"),
        ("()", "{'a': {1: 2}}", "not plain values"),
        ("7", "{}", "do not show"),
        ("()", "[]", "do not show"),
        ("()", "{7: 1}", "do not show"),
        ("hidden by the sender", "{}", "not plain values"),
        ("(" * 4000, "{}", "not plain values"),
        ("[" * 40 + "]" * 40, "{}", "not plain values"),
        ("('" + "a" * 9000 + "',)", "{}", "shortened"),
    ],
)
def test_everything_else_is_refused_with_the_reason(
    args: str | None, kwargs: str | None, reason: str
) -> None:
    with pytest.raises(UnknownArgumentsError, match=reason) as refused:
        arguments_of_texts(args, kwargs, truncated=False)
    assert "Give args and kwargs yourself" in str(refused.value)


def test_arguments_that_are_known_to_be_shortened_are_refused() -> None:
    with pytest.raises(UnknownArgumentsError, match="shortened"):
        arguments_of_texts("()", "{}", truncated=True)


@pytest.mark.parametrize(("args", "kwargs"), [(None, None), ("(1,)", "{}"), ([], None), ([float("nan")], {})])
def test_a_result_backend_without_whole_arguments_is_refused(args: object, kwargs: object) -> None:
    with pytest.raises(UnknownArgumentsError):
        arguments_of_values(args, kwargs)
