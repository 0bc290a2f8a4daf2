"""Secrets in the text of arguments are masked, whatever the text is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.redaction import MAX_SHOWN, shown

CASES = [
    ("{'password': 'geheim', 'user': 'ada'}", "{'password': ***, 'user': 'ada'}"),
    ("{'db_password': b'geheim'}", "{'db_password': ***}"),
    ('{"api_token": "ge\\"heim", "n": 1}', '{"api_token": ***, "n": 1}'),
    ("{'secret': ['geheim', {'a': 'geheim)'}], 'n': 1}", "{'secret': ***, 'n': 1}"),
    ("Login(user='ada', password='geheim')", "Login(user='ada', password=***)"),
    ("[('token', 'geheim'), 2]", "[('token', ***), 2]"),
    ("'{\\'password\\': \\'geheim\\'}'", "'{\\'password\\': ***}'"),
    ("{'password': 'geheim", "{'password': ***"),
    ("{'headers': {'Authorization': 'Bearer geheim'}}", "{'headers': {'Authorization': ***}}"),
    ("['Bearer geheim']", "['Bearer ***']"),
    ("('redis://user:geheim@cache/0',)", "('redis://***@cache/0',)"),
    ("{'n': 1, 'name': 'token ring'}", "{'n': 1, 'name': 'token ring'}"),
]


@pytest.mark.parametrize(("text", "masked"), CASES)
def test_the_value_of_a_secret_name_is_masked(text: str, masked: str) -> None:
    assert shown(text) == masked


def test_a_long_text_is_cut() -> None:
    text = shown("x" * 100_000)
    assert text.startswith("x" * MAX_SHOWN + "... (cut; 100000")
    assert len(text) < MAX_SHOWN + 100


def test_control_characters_are_shown_and_not_sent_to_the_terminal() -> None:
    assert shown("\x1b[31m\n") == "\\x1b[31m\\n"


@given(st.text(alphabet="password:='\"\\{}[](), \n", max_size=200))
def test_every_text_gives_a_bounded_printable_one(text: str) -> None:
    masked = shown(f"{text}{{'password': 'geheim'}}")
    assert masked.isprintable()
    assert len(masked) < MAX_SHOWN + 100


@pytest.mark.parametrize("part", ["password", "password=", "'password': ", "a://", "[", "\\", "{'token': ["])
def test_the_time_is_bounded_for_every_text(part: str) -> None:
    began = time.process_time()
    shown(part * 100_000)
    assert time.process_time() - began < 2
