"""What the browser recorded becomes figures beside the targets of the page."""

from dataclasses import replace

import pytest
from bench.errors import BenchError
from bench.monitor.page.listing import Live, Scrolled
from bench.monitor.page.loading import Loading
from bench.monitor.page.part import Result, figures
from bench.monitor.page.window import Costs, recording
from bench.report import Figure, Met

RECORDED = {
    "intervals": [16.7] * 95 + [40.0] * 3 + [60.0, 90.0],
    "longTasks": [52.0, 70.5],
    "slowest": {
        "duration": 90.4,
        "drawing": 12.0,
        "scripts": [{"duration": 70.2, "place": "FrameRequestCallback in table.js measure"}],
    },
    "mostRows": 41,
}
LIVE = Live(
    rate=998.0,
    seconds=60.0,
    frames=recording(RECORDED),
    before=Costs(heap=80e6, nodes=900, busy=3.0),
    after=Costs(heap=80.5e6, nodes=910, busy=9.0),
)
RESULT = Result(
    browser="156.0",
    loads={"Tasks": [Loading(300.0, 700.0, 104_000), Loading(320.0, 720.0, 104_000)]},
    scrolled=Scrolled(listed=100_000, list_seconds=40.0, jump_ms=45.0, live=LIVE),
    followed=LIVE,
)


def named(found: list[Figure], what: str) -> Figure:
    return next(figure for figure in found if figure.what == what)


def test_a_page_within_its_budget_meets_each_target() -> None:
    with_target = [figure for figure in figures(RESULT) if figure.met is not Met.NO_TARGET]
    assert len(with_target) == 8
    assert {figure.met for figure in with_target} == {Met.YES}


def test_frames_are_counted_from_one_to_the_next() -> None:
    found = figures(RESULT)
    p95 = named(found, "frame to frame, all tasks listed, p95")
    assert p95.value == 16.7
    assert "998 of 1,000 events/s for 60 s" in p95.how
    assert "10.0 % of a core" in p95.how
    worst = named(found, "the same, worst")
    assert worst.value == 90.0
    assert "2 frames over 50 ms; long tasks: 2, longest 70 ms" in worst.how


def test_the_longest_frame_names_the_scripts_that_took_its_time() -> None:
    worst = named(figures(RESULT), "the same, worst")
    assert worst.how.endswith(
        "longest frame 90 ms: 70 ms FrameRequestCallback in table.js measure, 12 ms drawing"
    )


def test_frames_without_a_long_one_name_no_script() -> None:
    smooth = recording({**RECORDED, "longTasks": [], "slowest": None})
    found = figures(replace(RESULT, followed=replace(LIVE, frames=smooth)))
    assert found[-1].how == "2 frames over 50 ms; long tasks: 0, longest 0 ms"


@pytest.mark.parametrize(
    ("result", "what"),
    [
        (
            replace(
                RESULT,
                followed=replace(LIVE, frames=recording({**RECORDED, "intervals": [16.7, 66.6, 66.6]})),
            ),
            "frame to frame, newest tasks, p95",
        ),
        (
            replace(
                RESULT,
                scrolled=replace(
                    RESULT.scrolled, live=replace(LIVE, after=Costs(heap=90e6, nodes=900, busy=9.0))
                ),
            ),
            "its growth",
        ),
        (replace(RESULT, loads={"Tasks": [Loading(300.0, 1_100.0, 104_000)]}), "first useful paint, Tasks"),
        (replace(RESULT, loads={"Tasks": [Loading(300.0, 700.0, 120_001)]}), "scripts, compressed"),
        (
            replace(
                RESULT,
                scrolled=replace(
                    RESULT.scrolled, live=replace(LIVE, frames=recording({**RECORDED, "mostRows": 500}))
                ),
            ),
            "rows in the document",
        ),
    ],
    ids=["slow frames", "growing heap", "late paint", "large scripts", "all rows in the document"],
)
def test_a_page_over_its_budget_misses_the_target(result: Result, what: str) -> None:
    missed = [figure.what for figure in figures(result) if figure.met is Met.NO]
    assert missed == [what]


def test_a_window_that_draws_nothing_is_no_fast_page() -> None:
    with pytest.raises(BenchError, match="drew no frames"):
        recording({**RECORDED, "intervals": []})
