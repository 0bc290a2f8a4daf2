import typing

import pytest

from celery_monitor.history import Window
from celery_monitor.history.filters.parameters import FILTER_PARAMETERS
from celery_monitor.web.models.history import WindowQuery
from celery_monitor.web.models.tasks import TaskFilterQuery
from celery_monitor.web.problems import ProblemError
from celery_monitor.web.routes.filters import filter_of, sort_of, window_of

NOW = 1_795_900_000.0


def test_the_query_has_the_parameters_of_the_history() -> None:
    assert set(TaskFilterQuery.model_fields) - {"q"} == set(FILTER_PARAMETERS) - {"filter"}


def test_the_language_and_the_parameters_make_one_filter() -> None:
    query = TaskFilterQuery.of(
        {
            "q": ["runtime:>30s timeout"],
            "state": ["failure", "lost"],
            "name": ["shop.*"],
            "runtime_max": ["2h"],
        }
    )
    assert str(filter_of(query)) == str(
        filter_of(TaskFilterQuery(q="runtime:>30s timeout state:failure state:lost name:shop.* runtime:<=2h"))
    )


def test_a_query_without_a_filter_finds_all() -> None:
    assert filter_of(TaskFilterQuery()).terms == ()


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"q": "colour:red"}, "query.q"),
        ({"q": 'name:"open'}, "query.q"),
        ({"q": "runtime:>fast"}, "query.q"),
        ({"runtime_min": "fast"}, "query.runtime_min"),
        ({"since": "yesterday"}, "query.since"),
        ({"twice": "perhaps"}, "query.twice"),
    ],
)
def test_a_filter_that_cannot_be_read_is_a_problem_that_says_what_to_write(
    given: dict[str, str], where: str
) -> None:
    with pytest.raises(ProblemError) as raised:
        filter_of(TaskFilterQuery(**typing.cast("typing.Any", given)))
    assert raised.value.status == 422
    assert raised.value.errors[0].where == where
    assert "write" in raised.value.detail.lower()


def test_an_unknown_order_is_a_problem() -> None:
    assert str(sort_of("-runtime")) == "-runtime"
    with pytest.raises(ProblemError, match="write one of"):
        sort_of("colour")


@pytest.mark.parametrize(
    ("since", "until", "window"),
    [
        ("1h", None, (NOW - 3600, NOW)),
        ("30m", "1h", (NOW - 3600 - 1800, NOW - 3600)),
        ("2026-11-28", "2026-11-29", (1795824000.0, 1795910400.0)),
    ],
)
def test_a_window_ends_now_or_when_the_query_says(
    since: str, until: str | None, window: tuple[float, float]
) -> None:
    assert window_of(WindowQuery(since=since, until=until), NOW) == Window(*window)


@pytest.mark.parametrize(
    ("since", "until"),
    [("soon", None), ("1h", "later"), ("2026-11-29", "2026-11-28"), ("0s", None), ("", None)],
)
def test_a_window_that_cannot_be_read_is_a_problem(since: str, until: str | None) -> None:
    with pytest.raises(ProblemError) as raised:
        window_of(WindowQuery(since=since, until=until), NOW)
    assert raised.value.status == 422
