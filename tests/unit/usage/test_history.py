"""How the usage of a group grows, fades and is written."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_operator.api.status import CeleryDeploymentStatus, WorkerGroupStatus
from celery_operator.api.workers.usage import ResourceUsage, UsageWindow
from celery_operator.usage.history import WINDOW, WRITTEN_EVERY, WorkerMinute, summary, to_write, with_minute
from tests.unit.usage.build import BEGAN, MEBIBYTE, minute, usage_of

DAY = timedelta(days=1)


def test_the_summary_of_a_few_days() -> None:
    usage = usage_of(minute(300, millicores=180), minute(310, 412, 190), days=6)
    used = summary(usage)
    assert used
    assert (used.span, used.workers, used.minutes) == (6 * DAY, 2, 402)
    assert used.memory_peak == 412 * MEBIBYTE
    assert 310 * MEBIBYTE <= used.memory <= 369 * MEBIBYTE
    assert used.millicores
    assert 190 <= used.millicores <= 226


def test_the_share_that_requests_cover_is_never_above_the_peak() -> None:
    used = summary(usage_of(minute(300)))
    assert used
    assert used.memory == used.memory_peak == 300 * MEBIBYTE


def test_no_minutes_leave_the_usage_as_it_is() -> None:
    usage = usage_of(minute())
    assert with_minute(usage, 4, (), BEGAN + 20 * DAY) == usage
    assert with_minute(None, 4, (), BEGAN) is None


def test_another_concurrency_begins_anew() -> None:
    usage = usage_of(minute())
    assert with_minute(usage, 8, (), BEGAN) is None
    anew = with_minute(usage, 8, (minute(600),), BEGAN + 6 * DAY)
    assert anew
    assert (anew.concurrency, len(anew.windows), anew.windows[0].minutes) == (8, 1, 1)


def test_a_week_is_forgotten_after_the_next() -> None:
    usage = usage_of(minute(900), days=6)
    for day, peak in ((8, 900), (13, 900), (15, 300)):
        grown = with_minute(usage, 4, (minute(300),), BEGAN + day * DAY)
        assert grown
        usage = grown
        used = summary(usage)
        assert used
        assert used.memory_peak == peak * MEBIBYTE
    assert [window.since for window in usage.windows] == [BEGAN + 15 * DAY, BEGAN + 8 * DAY]


@pytest.mark.parametrize(("ahead", "windows"), [(timedelta(seconds=5), 1), (WINDOW, 2)])
def test_a_clock_that_was_far_ahead_begins_a_new_window(ahead: timedelta, windows: int) -> None:
    usage = with_minute(usage_of(minute()), 4, (minute(),), BEGAN - ahead)
    assert usage
    assert len(usage.windows) == windows


def test_busy_minutes_count_where_the_cpu_time_is_known() -> None:
    used = summary(usage_of(minute(busy=True, millicores=100), minute(busy=True, millicores=None), minute()))
    assert used
    assert (used.busy_minutes, used.busy_millicores, used.minutes) == (201, 100, 603)


def test_the_status_is_written_every_quarter_of_an_hour() -> None:
    written = usage_of(minute())
    soon = with_minute(written, 4, (minute(),), written.at + WRITTEN_EVERY - timedelta(seconds=1))
    later = with_minute(written, 4, (minute(),), written.at + WRITTEN_EVERY)
    other = with_minute(None, 8, (minute(),), written.at)
    assert to_write(written, soon) == written
    assert to_write(written, later) == later
    assert to_write(written, other) == other
    assert to_write(None, soon) == soon
    assert to_write(written, None) is None


def test_usage_without_samples_shows_nothing() -> None:
    assert summary(ResourceUsage(concurrency=4, at=BEGAN)) is None
    assert summary(ResourceUsage(concurrency=4, at=BEGAN, windows=(UsageWindow(since=BEGAN),))) is None


minutes = st.builds(
    WorkerMinute,
    memory=st.integers(0, 2**50),
    memory_peak=st.integers(0, 2**50),
    millicores=st.none() | st.floats(0, 1e6),
    busy=st.booleans(),
)
steps = st.lists(st.tuples(st.lists(minutes, max_size=5), st.integers(0, 10 * 86400)), max_size=20)


@given(steps)
def test_the_usage_stays_small_survives_the_api_server_and_knows_every_peak_of_a_week(
    taken: list[tuple[list[WorkerMinute], int]],
) -> None:
    usage: ResourceUsage | None = None
    now, peaks = BEGAN, list[tuple[datetime, int]]()
    for workers, seconds in taken:
        now += timedelta(seconds=seconds)
        usage = with_minute(usage, 4, workers, now)
        peaks += [(now, max(one.memory, one.memory_peak)) for one in workers]
    if usage is None:
        return
    used = summary(usage)
    assert used
    assert used.memory_peak >= max((peak for at, peak in peaks if usage.at - at < WINDOW), default=0)
    assert used.memory <= used.memory_peak or used.memory_peak == 0
    assert len(usage.windows) <= 2
    assert all(len(window.memory) <= 65 and len(window.cpu) <= 65 for window in usage.windows)
    group = WorkerGroupStatus(
        name="default", replicas=1, updated_replicas=1, ready_replicas=1, consuming_replicas=1, usage=usage
    )
    stored = CeleryDeploymentStatus(workers=(group,)).wire()
    assert CeleryDeploymentStatus.read(stored).workers[0].usage == usage
