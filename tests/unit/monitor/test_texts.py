"""Texts are short and without secrets, however they are written."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.masking import SECRET_NAMES
from celery_health.redaction import Redaction
from celery_monitor.texts import MAX_TEXT, MAX_TRACEBACK, Texts

TEXTS = Texts()


@pytest.mark.parametrize("name", SECRET_NAMES)
@pytest.mark.parametrize("spelling", [str, str.upper, str.title, lambda name: name.replace("_", "-")])
@pytest.mark.parametrize(
    "text", ["{{'{}': 'geheim'}}", "{{'a': {{'x_{}_y': ['geheim']}}}}", "Login({}='geheim')"]
)
def test_every_secret_name_is_masked(name: str, spelling: Callable[[str], str], text: str) -> None:
    assert "geheim" not in TEXTS.shown(text.format(spelling(name)))


@pytest.mark.parametrize(
    "text",
    [
        "OperationalError('postgresql://shop:geheim@db/shop is away')",
        "('Bearer geheim',)",
        "HTTPError('Authorization: Basic geheim')",
        "('https://x/?access_token=geheim',)",
    ],
)
def test_credentials_of_urls_and_http_are_masked(text: str) -> None:
    assert "geheim" not in TEXTS.shown(text)


@given(st.sampled_from(SECRET_NAMES), st.text(alphabet="abc '\"{}[](),:=\\", max_size=60))
def test_the_quick_check_misses_nothing_that_the_masking_finds(name: str, around: str) -> None:
    text = f"{around}{{'{name}': 'geheim'}}"
    assert TEXTS.shown(text) == Redaction().masked(text)


def test_a_name_of_the_user_is_masked_and_only_the_given_names_are() -> None:
    texts = Texts(["iban"])
    assert texts.shown("{'iban': 'DE00', 'token': 'x1'}") == "{'iban': ***, 'token': 'x1'}"


def test_a_long_text_keeps_its_beginning_and_a_traceback_its_end() -> None:
    assert TEXTS.shown("a" * 10_000) == "a" * (MAX_TEXT - 3) + "..."
    cut = TEXTS.traceback("a" * 100_000 + "ValueError: 7")
    assert (len(cut), cut[:3], cut[-13:]) == (MAX_TRACEBACK, "...", "ValueError: 7")


def test_a_secret_at_the_cut_is_masked_although_its_end_is_missing() -> None:
    text = "x" * (2 * MAX_TEXT - 30) + "{'password': '" + "geheim" * 1000
    assert "geheim" not in TEXTS.shown(text)


def test_a_nul_which_no_database_stores_is_written_out() -> None:
    assert TEXTS.shown("('a\x00b',)") == "('a\\x00b',)"


@given(st.text(max_size=300))
def test_every_text_gives_a_short_one(text: str) -> None:
    assert len(TEXTS.shown(text)) <= MAX_TEXT
    assert len(TEXTS.traceback(text)) <= MAX_TRACEBACK


def test_a_plain_text_costs_little() -> None:
    began = time.process_time()
    for _ in range(10_000):
        TEXTS.shown("(17, 'ada@example.org', {'order': 4711})")
    assert time.process_time() - began < 1
