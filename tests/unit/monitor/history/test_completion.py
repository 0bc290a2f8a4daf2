"""What the term that is being written at the end of a filter can become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_monitor.history.filters import completed_field, completions, parse_filter

NAMES = ("shop.mail", "shop.pay now", "billing.shop", 'say "no"')


def terms(text: str, values: tuple[str, ...] = ()) -> list[str]:
    return [one.term for one in completions(text, values)]


def texts(text: str, values: tuple[str, ...] = ()) -> list[str]:
    return [one.text for one in completions(text, values)]


def test_completion_offers_fields_then_their_values() -> None:
    assert terms("state:failure na") == ["name:"]
    assert terms("-sta") == ["-state:"]
    assert terms("STA") == ["state:"]
    assert terms("name:sho", NAMES) == ["name:shop.mail", 'name:"shop.pay now"', "name:billing.shop"]
    assert "state:failure" in terms("state:f")
    assert terms("colour:") == []


def test_a_value_that_is_known_twice_is_offered_once() -> None:
    assert terms("state:fail", ("failure",)) == ["state:failure"]


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("", "state:"),
        ("state:failure na", "state:failure name:"),
        ("state:failure ", "state:failure state:"),
        ("name:sho", "name:shop.mail "),
        ("after:2h\tname:sho", "after:2h\tname:shop.mail "),
        ('worker:"web 1" -name:bil', 'worker:"web 1" -name:billing.shop '),
        ('state:failure name:"shop.pay n', 'state:failure name:"shop.pay now" '),
        ('name:"shop.pay ', 'name:"shop.pay now" '),
        (r'name:"say \"n', r'name:"say \"no\"" '),
        ('worker:"web 1" sta', 'worker:"web 1" state:'),
    ],
)
def test_a_completion_is_the_whole_filter_with_the_last_term_replaced(text: str, completed: str) -> None:
    assert texts(text, NAMES)[0] == completed


@pytest.mark.parametrize("text", ["twice:yes", 'name:"shop.pay now"', '"sta', 'name:"a"na', 'text:"a b" "na'])
def test_what_is_complete_or_in_quotes_without_a_field_is_offered_nothing(text: str) -> None:
    assert terms(text, NAMES) == []


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("name:", "name"),
        ('state:failure -worker:"web 1', "worker"),
        ("name:shop ", ""),
        ("name", ""),
        ("arg:4", ""),
        ("colour:r", ""),
    ],
)
def test_the_history_is_asked_for_the_values_of_the_last_term(text: str, field: str) -> None:
    assert completed_field(text) == field


@given(st.text('ab: "\\-*name', max_size=12), st.text(min_size=1, max_size=8).filter(str.isprintable))
def test_a_value_that_completes_a_filter_is_read_back(before: str, value: str) -> None:
    for one in completions(f"{before} name:", (value,)):
        if one.term.startswith("name:"):
            assert parse_filter(one.term).terms[0].value == value
