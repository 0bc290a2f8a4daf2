"""Results of tasks without secrets, within a size."""

import json
from decimal import Decimal
from typing import Any

import pytest

from celery_monitor.control.shown_values import MAX_CHARACTERS, shown_value


@pytest.mark.parametrize("value", [None, True, 3, 1.5, "text", [1, [2]], {"a": {"b": None}}])
def test_json_stays_as_it_is(value: Any) -> None:
    assert shown_value(value) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"password": "geheim", "user": "a"}, {"password": "***", "user": "a"}),
        ({"api_token": ["geheim"]}, {"api_token": "***"}),
        ({"token": None}, {"token": None}),
        ([{"nested": {"secret": "geheim"}}], [{"nested": {"secret": "***"}}]),
        ("redis://user:geheim@host/0", "redis://***@host/0"),
        ((1, 2), [1, 2]),
        (Decimal("1.5"), "Decimal('1.5')"),
        (float("inf"), "inf"),
        (ValueError("no"), "ValueError('no')"),
    ],
)
def test_secrets_are_masked_and_other_values_are_texts(value: Any, shown: Any) -> None:
    assert shown_value(value) == shown


def test_a_large_value_is_the_beginning_of_its_text() -> None:
    shown = shown_value(["x" * 100] * MAX_CHARACTERS)
    assert isinstance(shown, str)
    assert len(shown) < MAX_CHARACTERS


def test_a_deep_value_ends() -> None:
    value: Any = "geheim"
    for _ in range(500):
        value = {"a": value}
    assert len(json.dumps(shown_value(value))) < MAX_CHARACTERS
