"""Flower's search, as a filter of the history."""

import time

import pytest

from celery_monitor.web.flower.search import SearchError, list_filter, parse_search


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("state:failure", "state:FAILURE"),
        ("name:mail worker:web-1", "name:*mail* worker:*web-1*"),
        ("Name:mail AND state:SUCCESS", "name:*mail* state:SUCCESS"),
        ("result:timeout", "result:timeout"),
        ('"no space left"', 'text:"no space left"'),
        ("args:4711 kwargs:mail", "arg:*4711* arg:*mail*"),
        ("http://host", 'text:"http://host"'),
    ],
)
def test_terms_that_all_have_to_hold(search: str, found: str) -> None:
    assert str(parse_search(search)) == found


@pytest.mark.parametrize(
    "search",
    ["a1b OR c2d", "(state:FAILURE)", "-abc", "NOT abc", "ab", "state:", 'name:"', "kwargs:", "args:42"],
)
def test_what_the_history_cannot_search_is_refused(search: str) -> None:
    with pytest.raises(SearchError):
        parse_search(search)


def test_all_is_no_filter() -> None:
    found = list_filter(worker="All", name="All", state="All", since=None, until=None)
    assert found.terms == ()


def test_dates_are_local_minutes() -> None:
    found = list_filter(
        worker=None, name=None, state=None, since="2026-11-29 10:00", until="2026-11-29 11:00"
    )
    moment = time.mktime((2026, 11, 29, 10, 0, 0, 0, 0, -1))
    assert [term.value for term in found.terms] == [moment, moment + 3600]


def test_another_date_is_refused() -> None:
    with pytest.raises(ValueError, match="time data"):
        list_filter(worker=None, name=None, state=None, since="2026", until=None)
