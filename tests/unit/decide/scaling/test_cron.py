"""When a cron expression fired last, across changes of the clock, and whether it ever does."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from celery_operator.api.autoscaling_rules import CRON
from celery_operator.decide.scaling.cron import covers, fires, last_fire

HALF_AN_HOUR = "Australia/Lord_Howe"
"""It changes its clocks by so much."""
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    HALF_AN_HOUR,
    "Antarctica/Troll",  # by two hours
    "Africa/Casablanca",
    "America/Havana",  # at midnight
    "Asia/Kathmandu",
]
FIXED = [
    "0 8 * * mon-fri",
    "30 2 * * *",
    "15,45 1,2,3 * * *",
    "0 0 * * *",
    "59 23 * * sun",
    "0 3 1 * *",
    "0 0 L * *",
    "0 12 * * fri#1",
]
EVERY = ["*/20 * * * *", "30 * * * *", "10 */2 * * *"]
# The days on which most of these zones change their clocks, and others.
moments = st.datetimes(datetime(2025, 3, 1), datetime(2026, 12, 1)) | st.one_of(
    [
        st.datetimes(datetime(2026, month, day), datetime(2026, month, day) + timedelta(days=2))
        for month, day in [(3, 7), (3, 28), (4, 4), (10, 3), (10, 24), (10, 31)]
    ]
)


def _berlin(*moment: int, fold: int = 0) -> datetime:
    return datetime(*moment, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)  # type: ignore[misc, arg-type]


def _utc(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]


# Back and forth, the library's steps of an hour part ways where the clock changes by half of one.
@given(
    st.tuples(st.sampled_from(FIXED), st.sampled_from(ZONES))
    | st.tuples(st.sampled_from(EVERY), st.sampled_from([zone for zone in ZONES if zone != HALF_AN_HOUR])),
    moments,
)
def test_the_last_fire_is_the_last_of_all_before(where: tuple[str, str], when: datetime) -> None:
    expression, zone = where
    moment = when.replace(second=0, microsecond=0, tzinfo=UTC).astimezone(ZoneInfo(zone))
    last = None
    for fire in CronSim(expression, moment - timedelta(days=40 if expression in FIXED else 3)):
        if fire.astimezone(UTC) > moment.astimezone(UTC):
            break
        last = fire.astimezone(UTC)
    assert last_fire(expression, moment) == last


def test_the_moment_itself_counts() -> None:
    assert last_fire("0 8 * * *", _berlin(2026, 7, 1, 8)) == _utc(2026, 7, 1, 6)
    assert last_fire("0 8 * * *", _berlin(2026, 7, 1, 7, 59)) == _utc(2026, 6, 30, 6)


@pytest.mark.parametrize("now", [_berlin(2026, 3, 29, 3), _berlin(2026, 3, 29, 3, 30)])
def test_an_hour_that_the_clock_skips_fires_at_its_end(now: datetime) -> None:
    assert last_fire("30 2 * * *", now) == _utc(2026, 3, 29, 1)


@pytest.mark.parametrize(
    "now",
    [
        _berlin(2026, 10, 25, 2, 30),
        _berlin(2026, 10, 25, 2, 15, fold=1),
        _berlin(2026, 10, 25, 2, 45, fold=1),
        _berlin(2026, 10, 25, 3),
    ],
)
def test_an_hour_that_the_clock_repeats_fires_the_first_time(now: datetime) -> None:
    assert last_fire("30 2 * * *", now) == _utc(2026, 10, 25, 0, 30)


def test_what_fires_every_hour_fires_in_both() -> None:
    assert last_fire("30 * * * *", _berlin(2026, 10, 25, 2, 45)) == _utc(2026, 10, 25, 0, 30)
    assert last_fire("30 * * * *", _berlin(2026, 10, 25, 2, 45, fold=1)) == _utc(2026, 10, 25, 1, 30)


def test_a_leap_day_is_found_eight_years_back() -> None:
    assert last_fire("0 0 29 2 *", _utc(2104, 2, 28)) == _utc(2096, 2, 29)


@pytest.mark.parametrize(
    "expression",
    ["0 0 30 2 *", "0 0 31 2,4 *", "0 8 * * fri-mon", "0 22-6/2 * * *", "0 0 */31 * mon#5"],
)
def test_an_expression_without_any_date_never_fires(expression: str) -> None:
    assert not fires(expression)


@pytest.mark.parametrize("expression", ["", "@daily", "0 8 * *", "x 8 * * *"])
def test_what_is_no_expression_never_fires(expression: str) -> None:
    assert not fires(expression)


def _patterns_of_the_fields() -> list[str]:
    """What the API server lets through as each of the five fields, from its own rules."""
    found = [re.search(r"\(\?i:(.*)\)\(\\\\s\+\\\\S\+\)\{\d\}", rule["rule"]) for rule in CRON]
    return [f"(?i:{match[1]})".replace("\\\\", "\\") for match in found if match]


@given(st.data())
def test_what_the_api_server_lets_through_is_judged_without_an_error(data: st.DataObject) -> None:
    patterns = _patterns_of_the_fields()
    assert len(patterns) == 5
    fields = [data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)) for pattern in patterns]
    assert fires(" ".join(fields)) in {True, False}


@pytest.mark.parametrize(
    ("expression", "other"),
    [
        ("0 8 * * *", "0 8 * * *"),
        ("0 8 * * *", "0 8 * * mon-fri"),
        ("* * * * *", "30 2 29 2 *"),
        ("0 8 * * 0-6", "0 8 * * sun"),
        ("0 8 * * 7", "0 8 * * sun"),
        ("0 * * * *", "0 8-18 1 * *"),
        ("0 8 1,15 * fri", "0 8 1 * fri"),
        ("0 8 * * fri#1,fri#2", "0 8 * * 5#1"),
        ("0 8 * * sun#1", "0 8 * * 7#1"),
        ("0 0 1-31 1-12 *", "00 0 L feb mon"),
    ],
)
def test_one_expression_covers_another(expression: str, other: str) -> None:
    assert covers(expression, other)


@pytest.mark.parametrize(
    ("expression", "other"),
    [
        ("0 8 * * mon-fri", "0 8 * * *"),
        ("0 9 * * *", "0 8 * * *"),
        ("0 8 * jan *", "0 8 * * *"),
        ("* 0-22 * * *", "* * * * *"),
        ("0 8 1 * fri", "0 8 * * fri"),
        ("0 8 * * fri", "0 8 1 * fri"),
    ],
)
def test_one_expression_does_not_cover_another(expression: str, other: str) -> None:
    assert not covers(expression, other)


@given(st.sampled_from(FIXED + EVERY), st.sampled_from(FIXED + EVERY))
def test_what_is_covered_never_fires_alone(one: str, other: str) -> None:
    if covers(one, other):
        start = _utc(2026, 1, 1)
        for fire, _ in zip(CronSim(other, start), range(50), strict=False):
            assert last_fire(one, fire) == fire
