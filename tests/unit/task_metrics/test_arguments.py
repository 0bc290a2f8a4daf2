"""The label's value is found wherever the caller has put the argument, and has a bound."""

from decimal import Decimal
from functools import wraps
from typing import Any
from uuid import UUID

import pytest

from celery_health.metrics.arguments import argument_of


class Bound:
    def run(self, amount: int, customer_id: Any, *, later: bool = False) -> None: ...


def plain(customer_id: Any = "default", *args: Any, **kwargs: Any) -> None: ...


@wraps(plain)
def wrapped(*args: Any, **kwargs: Any) -> None: ...


def without(amount: int, **kwargs: Any) -> None: ...


@pytest.mark.parametrize(
    ("run", "args", "kwargs", "value"),
    [
        (plain, ("7",), {}, "7"),
        (plain, (), {"customer_id": 7}, "7"),
        (plain, (), {}, "default"),
        (plain, (None,), {}, "default"),
        (wrapped, ("7",), {}, "7"),
        (Bound().run, (1, "7"), {}, "7"),
        (Bound().run, (1,), {"customer_id": "7"}, "7"),
        (Bound().run, (1,), {}, ""),
        (without, (1,), {}, ""),
        (without, (1,), {"customer_id": "7"}, "7"),
        (len, ("7",), {}, ""),
    ],
)
def test_the_argument_is_found(run: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: str) -> None:
    assert argument_of(run, "customer_id").value(args, kwargs) == value


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (Decimal("1.5"), "1.5"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (True, "true"),
        ("x" * 1000, "x" * 64),
        (["7"] * 100_000, "other"),
        ({"id": 7}, "other"),
        pytest.param(10**5000, "other", id="a number of 5,001 digits"),
    ],
)
def test_only_what_can_name_a_customer_becomes_a_value(given: Any, value: str) -> None:
    assert argument_of(plain, "customer_id").value((given,), {}) == value
