"""Windows of known peaks: when they are open, and what is said of one that cannot be."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_operator.api.autoscaling import ScheduleWindow
from celery_operator.decide.scaling.schedule import faults, floor

BERLIN = ZoneInfo("Europe/Berlin")


def _window(
    start: str = "0 8 * * mon-fri",
    end: str = "0 18 * * mon-fri",
    time_zone: str = "UTC",
    min_replicas: int = 5,
) -> ScheduleWindow:
    return ScheduleWindow(start=start, end=end, time_zone=time_zone, min_replicas=min_replicas)


def _faults(*schedule: ScheduleWindow) -> list[str]:
    return list(faults(schedule))


NIGHT = _window("0 22 * * *", "0 6 * * *", "America/New_York", 3)
EVENING = _window("0 16 * * *", "0 20 * * *", "Europe/Berlin", 8)
windows = st.lists(st.sampled_from([_window(), NIGHT, EVENING, _window("0 0 1 * *", "0 0 2 * *")]))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("hour", "minute", "desired"), [(7, 59, 0), (8, 0, 5), (12, 30, 5), (17, 59, 5), (18, 0, 0), (23, 0, 0)]
)
def test_a_window_is_open_from_its_start_until_its_end(hour: int, minute: int, desired: int) -> None:
    assert floor([_window()], datetime(2026, 1, 5, hour, minute, 30, 999, tzinfo=UTC)) == desired


def test_a_window_of_working_days_is_closed_at_the_weekend() -> None:
    assert floor([_window()], datetime(2026, 1, 4, 12, tzinfo=UTC)) == 0


def test_a_window_may_go_over_midnight_and_over_days() -> None:
    weekend = _window("0 20 * * fri", "0 6 * * mon")
    assert floor([weekend], datetime(2026, 1, 4, 0, 0, tzinfo=UTC)) == 5
    assert floor([weekend], datetime(2026, 1, 5, 6, 0, tzinfo=UTC)) == 0


def test_without_windows_nothing_is_wanted() -> None:
    assert floor([], datetime(2026, 1, 5, 12, tzinfo=UTC)) == 0


def test_the_largest_of_the_open_windows_counts() -> None:
    schedule = [_window(min_replicas=2), EVENING, _window("0 0 1 1 *", "0 0 2 1 *", min_replicas=100)]
    assert floor(schedule, datetime(2026, 1, 5, 16, tzinfo=UTC)) == 8


def test_each_window_has_its_own_time_zone() -> None:
    for month, utc_hour in ((1, 7), (7, 6)):
        window = _window("0 8 * * *", "0 9 * * *", "Europe/Berlin")
        opening = datetime(2026, month, 5, utc_hour, tzinfo=UTC)
        assert floor([window], opening - timedelta(minutes=1)) == 0
        assert floor([window], opening) == 5
        assert floor([window], opening.astimezone(ZoneInfo("Asia/Tokyo"))) == 5


def _open_minutes(window: ScheduleWindow, day: datetime) -> list[datetime]:
    """The minutes of 24 hours at which it is open, in UTC."""
    start = day.astimezone(UTC)
    minutes = [start + timedelta(minutes=number) for number in range(24 * 60)]
    return [minute for minute in minutes if floor([window], minute)]


@pytest.mark.parametrize(
    ("day", "opens", "hours"),
    [
        (datetime(2026, 3, 28, tzinfo=BERLIN), datetime(2026, 3, 28, 1, 30, tzinfo=UTC), 3.5),
        # The clock goes from 2:00 to 3:00: the window opens at once.
        (datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 3, 29, 1, 0, tzinfo=UTC), 3.0),
        # The clock goes from 3:00 to 2:00: it opens the first time, and stays open.
        (datetime(2026, 10, 25, tzinfo=BERLIN), datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 4.5),
    ],
)
def test_a_change_of_the_clock_neither_drops_nor_splits_a_window(
    day: datetime, opens: datetime, hours: float
) -> None:
    found = _open_minutes(_window("30 2 * * *", "0 6 * * *", "Europe/Berlin"), day)
    assert found[0] == opens
    assert found == [opens + timedelta(minutes=number) for number in range(len(found))]
    assert len(found) == hours * 60


def test_a_window_that_ends_in_the_repeated_hour_ends_once() -> None:
    found = _open_minutes(
        _window("0 1 * * *", "30 2 * * *", "Europe/Berlin"), datetime(2026, 10, 25, tzinfo=BERLIN)
    )
    assert len(found) == 90


@given(windows, moments)
def test_the_floor_is_the_largest_of_the_windows_alone(
    schedule: Sequence[ScheduleWindow], now: datetime
) -> None:
    alone = [floor([window], now) for window in schedule]
    assert all(found in {0, window.min_replicas} for found, window in zip(alone, schedule, strict=True))
    assert floor(schedule, now) == max(alone, default=0)
    assert floor(list(reversed(schedule)), now) == floor(schedule, now)


@pytest.mark.parametrize(
    "window",
    [
        _window(),
        NIGHT,
        _window("0 0 29 2 *", "0 0 1 3 *"),
        _window("0 0 L * *", "0 0 1 * *"),
        _window("*/5 8-17 * * *", "0 18 * * *"),
        _window("0 8 * * fri#1", "0 8 * * 5L", "Asia/Kathmandu"),
    ],
)
def test_a_window_that_can_open_and_close_has_no_fault(window: ScheduleWindow) -> None:
    assert _faults(window) == []


def test_no_windows_have_no_fault() -> None:
    assert _faults() == []


TIME_ZONE = "a name of the IANA time zone database, such as Europe/Berlin or UTC"


@pytest.mark.parametrize("name", ["Europe/Berln", "UTC+2", "CEST", "Europe", "../Berlin", "zone.tab"])
def test_an_unknown_time_zone_is_refused_with_an_example(name: str) -> None:
    assert _faults(_window(), _window(time_zone=name)) == [
        f"schedule[1].timeZone {name!r} is not a known time zone: write {TIME_ZONE}"
    ]


@pytest.mark.parametrize("start", ["0 0 30 2 *", "0 22 * * fri-mon", "@daily"])
def test_what_never_fires_is_refused_with_an_example(start: str) -> None:
    assert _faults(_window(start)) == [
        f"schedule[0].start {start!r} never fires: write a cron expression that does, such as 0 8 * * mon-fri"
    ]


@pytest.mark.parametrize(
    ("start", "end", "later"),
    [
        ("0 8 * * 1-5", "0 8 * * mon-fri", "0 9 * * 1-5"),
        ("0 8 * * *", "0 * * * *", "0 9 * * *"),
        ("30 23 * * *", "30 23 * * *", "59 23 * * *"),
        ("0 */4 * * *", "0 * * * *", "59 23 * * *"),
    ],
)
def test_a_window_that_ends_whenever_it_starts_is_refused(start: str, end: str, later: str) -> None:
    (fault,) = _faults(_window(start, end))
    assert fault == (
        f"schedule[0] never opens, because its end {end!r} fires whenever its start {start!r} does: write an "
        "end that fires later"
    )
    assert _faults(_window(start, later)) == []


@given(moments)
def test_a_window_with_a_fault_is_never_open(now: datetime) -> None:
    for window in (
        _window(time_zone="Europe/Berln"),
        _window("0 0 30 2 *"),
        _window(end="0 0 30 2 *"),
        _window("0 8 * * *", "0 * * * *"),
    ):
        assert _faults(window)
        assert floor([window], now) == 0
