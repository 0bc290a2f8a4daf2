"""The type of an error and the line that raised it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_monitor.history.rows.error_place import error_of

_TRACEBACK = """Traceback (most recent call last):
  File "/usr/lib/python3.11/site-packages/celery/app/trace.py", line 451, in trace_task
    R = retval = fun(*args, **kwargs)
  File "/srv/app/shop/tasks.py", line 42, in charge
    return client.charge(order)
  File "/usr/lib/python3.11/site-packages/stripe/client.py", line 9, in charge
    raise errors.Declined("card")
stripe.errors.Declined: card
"""


@pytest.mark.parametrize(
    ("exception", "traceback", "expected"),
    [
        (None, None, None),
        ("", "", None),
        ("KeyError('x')", None, ("KeyError", "")),
        ("shop.errors.Declined('no')", None, ("Declined", "")),
        ("Declined('card')", _TRACEBACK, ("Declined", "app/shop/tasks.py:42 in charge")),
        (None, _TRACEBACK, ("Declined", "app/shop/tasks.py:42 in charge")),
        ("card declined", _TRACEBACK, ("Declined", "app/shop/tasks.py:42 in charge")),
        ("something went wrong", None, ("", "")),
        ("Retry(Retry(...), KeyError('x'), 3)", None, ("Retry", "")),
        ("Retry in 3s: KeyError('x')", None, ("KeyError", "")),
        ("TimeLimitExceeded(30,)", "", ("TimeLimitExceeded", "")),
        (
            "E('x')",
            '  File "/usr/lib/python3.11/json/decoder.py", line 3, in x\nE',
            ("E", "python3.11/json/decoder.py:3 in x"),
        ),
        ("E('x')", '  File "C:\\app\\shop\\tasks.py", line 3\nE', ("E", "app/shop/tasks.py:3")),
    ],
)
def test_the_error_and_its_place(
    exception: str | None, traceback: str | None, expected: tuple[str, str] | None
) -> None:
    assert error_of(exception, traceback) == expected


@given(st.text(), st.text())
def test_any_texts_have_some_answer(exception: str, traceback: str) -> None:
    found = error_of(exception, traceback)
    assert found is None or all("\n" not in part for part in found)
