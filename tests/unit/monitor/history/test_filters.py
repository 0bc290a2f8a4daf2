"""The filter language: what it reads, what it refuses, and that it writes what it read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_monitor.history.filters import (
    FIELDS,
    Field,
    FilterError,
    TaskFilter,
    Term,
    filter_of_parameters,
    parse_filter,
)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("state:failure", [Term(field="state", value="FAILURE")]),
        ("-state:Success", [Term(field="state", value="SUCCESS", negated=True)]),
        ("name:shop.*", [Term(field="name", value="shop.*")]),
        ('worker:"w 1"', [Term(field="worker", value="w 1")]),
        (r'text:"say \"no\" \\"', [Term(field="text", value='say "no" \\')]),
        ("time-out", [Term(field="text", value="time-out")]),
        ('"a:b c"', [Term(field="text", value="a:b c")]),
        ("-timeout", [Term(field="text", value="timeout", negated=True)]),
        ("runtime:>30s", [Term(field="runtime", value=30.0, comparison=">")]),
        ("wait:<=1.5h", [Term(field="wait", value=5400.0, comparison="<=")]),
        ("runtime:>250ms", [Term(field="runtime", value=0.25, comparison=">")]),
        ("retries:>2", [Term(field="retries", value=2.0, comparison=">")]),
        ("after:2h", [Term(field="after", value=7200.0, comparison="ago")]),
        ("before:2026-11-29T10:00Z", [Term(field="before", value=1795946400.0)]),
        ("before:2026-11-29T12:00+02:00", [Term(field="before", value=1795946400.0)]),
        ("after:2026-11-29", [Term(field="after", value=1795910400.0)]),
        ("twice:YES", [Term(field="twice", value="yes")]),
        ("arg:42 arg:42", [Term(field="arg", value="42")]),
    ],
)
def test_a_filter_is_read(text: str, terms: list[Term]) -> None:
    assert list(parse_filter(text).terms) == terms


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("stat:failure", "write one of state, name"),
        ("http://host", "in quotes"),
        ("state:failed", "write state:failure"),
        ("state:a.b", "such as state:failure"),
        ("state:", "such as state:failure"),
        ("name:\x00", "printable"),
        ("runtime:30s", "such as runtime:>30s"),
        ("runtime:>soon", "such as 30s"),
        ("runtime:>99999999999w", "such as 30s"),
        ("retries:>1.5", "whole number"),
        ("after:yesterday", "2026-11-29T10:00Z"),
        ("after:2026-13-29", "2026-11-29T10:00Z"),
        ("after:1066-10-14", "2026-11-29T10:00Z"),
        ("twice:maybe", "twice:yes"),
        ("ab", "at least 3 characters"),
        ("id:*f", "id:5f2c*"),
        ("name:shop -", "-state:success"),
        ('name:"shop', 'write " at the end'),
        ('name:"shop"x', "space after"),
        ("x" * 2_001, "at most 2000 characters"),
        ("text:" + "x" * 301, "1 to 300"),
        (" ".join(f"arg:{n}" for n in range(41)), "at most 40"),
    ],
)
def test_a_filter_that_cannot_be_read_says_what_to_write(text: str, advice: str) -> None:
    with pytest.raises(FilterError, match=r".") as error:
        parse_filter(text)
    assert advice in str(error.value)


def test_the_error_has_the_position_of_its_term() -> None:
    with pytest.raises(FilterError) as error:
        parse_filter("name:shop.* runtime:30s")
    assert error.value.position == 12
    assert "(at character 13)" in str(error.value)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_with_the_one_error(text: str) -> None:
    _is_read_or_refused(text)


def _is_read_or_refused(text: str) -> None:
    try:
        found = parse_filter(text)
    except FilterError:
        return
    assert parse_filter(str(found)) == found


_PIECES = [
    "-",
    "state:",
    "name:",
    "runtime:>",
    "after:",
    "5",
    "ms",
    "h",
    '"',
    "\\",
    " ",
    "*",
    "x",
    ":",
    "2026-01-01",
    "T10:00",
    "é",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=20).map("".join))
def test_pieces_of_the_language_in_any_order_are_read_or_refused(text: str) -> None:
    _is_read_or_refused(text)


_TEXTS = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=3, max_size=20).filter(
    str.isprintable
)
_TERMS = st.one_of(
    st.builds(
        Term, field=st.sampled_from(["name", "worker", "arg", "text"]), value=_TEXTS, negated=st.booleans()
    ),
    st.builds(
        Term,
        field=st.sampled_from(["runtime", "wait"]),
        value=st.integers(0, 10**9).map(lambda number: number / 1000),
        comparison=st.sampled_from([">", "<", ">=", "<="]),
    ),
    st.builds(Term, field=st.just("after"), value=st.integers(0, 2**32).map(float)),
    st.builds(
        Term, field=st.just("before"), value=st.integers(0, 10**8).map(float), comparison=st.just("ago")
    ),
)


@given(st.lists(_TERMS, max_size=8, unique=True))
def test_a_filter_that_is_written_reads_back_equal(terms: list[Term]) -> None:
    written = TaskFilter(tuple(terms))
    assert parse_filter(str(written)) == written


def test_parameters_mean_the_same_as_the_filter_language() -> None:
    parameters = {
        "state": ["failure", "retry"],
        "name": ["shop.*"],
        "since": ["2h"],
        "until": ["2026-11-29"],
        "runtime_min": ["30s"],
        "wait_max": ["5"],
        "filter": ["-worker:w1*"],
        "limit": ["100"],
    }
    text = (
        "-worker:w1* state:failure state:retry name:shop.* after:2h before:2026-11-29 runtime:>=30s wait:<=5s"
    )
    assert filter_of_parameters(parameters) == parse_filter(text)


def test_a_faulty_parameter_is_named() -> None:
    with pytest.raises(FilterError, match=r"^runtime_min: 'soon'"):
        filter_of_parameters({"runtime_min": ["soon"]})


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_the_example_of_each_field_can_be_read(field: Field) -> None:
    assert parse_filter(field.example).terms[0].field == field.name
