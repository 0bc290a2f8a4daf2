"""How a burst's times are read off the watch, and what counts as missed."""

import pytest
from bench.report import Met
from tools.scale_soak.burst import BACK_WITHIN, BURSTS, GONE_WITHIN, MOST, Run, Timing, figures, timing
from tools.scale_soak.lanes import SLOTS
from tools.scale_soak.timeline import Seen

GOOD = Timing(raised_after=0.8, whole_after=0.8, steps=1, done_after=86.0, gone_after=16.5, zero_after=20.0)


def seen(*changes: tuple[float, int, int]) -> list[Seen]:
    return [Seen(at, "shop-default", desired, existing) for at, desired, existing in changes]


def run(times: Timing = GOOD, lost: int = 0, killed: int = 0, repeated: int = 0) -> Run:
    return Run(times, lost, killed, repeated)


def test_a_run_is_timed_from_the_first_message_and_from_the_last_end() -> None:
    changes = seen(
        (95.0, 0, 0), (101.0, 6, 0), (101.5, 6, 6), (190.0, 2, 6), (205.0, 0, 2), (207.5, 0, 0)
    )  # fmt: skip
    times = timing(changes, began=100.0, idle_after=84.0, done_after=86.0)
    assert times == Timing(
        raised_after=1.0, whole_after=1.0, steps=1, done_after=86.0, gone_after=21.0, zero_after=21.5
    )


def test_a_size_that_grows_bit_by_bit_is_reported_with_its_steps() -> None:
    changes = seen((99.0, 0, 0), (101.0, 2, 0), (102.5, 6, 2), (140.0, 3, 6), (150.0, 6, 3), (220.0, 0, 0))
    times = timing(changes, began=100.0, idle_after=95.0, done_after=100.0)
    assert (times.raised_after, times.whole_after, times.steps) == (1.0, 2.5, 2)


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [(99.0, 0, 0)],
        [(99.0, 0, 0), (101.0, 4, 0), (190.0, 0, 0)],
        [(99.0, 0, 0), (101.0, 6, 0), (190.0, 0, 2)],
        [(99.0, 0, 0), (101.0, 6, 0), (150.0, 0, 0)],
    ],
    ids=["nothing", "never raised", "never whole", "pods left", "zero before the end only"],
)
def test_a_run_that_is_not_whole_or_not_back_at_zero_fails_with_its_sizes(
    changes: list[tuple[float, int, int]],
) -> None:
    with pytest.raises(AssertionError, match=f"not 0 to {MOST} to 0"):
        timing(seen(*changes), began=100.0, idle_after=84.0, done_after=86.0)


def test_good_runs_meet_every_limit() -> None:
    assert {figure.met for figure in figures(BURSTS["first"], [run()] * 10)} == {Met.YES}


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (run(Timing(2.1, 2.1, 1, 86, 16, 20)), "first increase of replicas"),
        (run(Timing(1, 3.1, 1, 86, 16, 20)), "all 6 pods requested"),
        (run(Timing(1, 2, 2, 86, 16, 20)), "increases until all were requested"),
        (run(Timing(1, 1, 1, 96, 16, 20)), "all tasks done"),
        (
            run(Timing(1, 1, 1, 86, GONE_WITHIN + 1, 20)),
            "first pod removed after a pod became idle",
        ),
        (run(Timing(1, 1, 1, 86, 16, BACK_WITHIN + 1)), "back at zero after the last task"),
        (run(killed=1), "tasks killed"),
        (run(lost=1), "tasks lost"),
        (run(repeated=1), "tasks run twice"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_bad_run_of_ten_is_one_missed_limit(bad: Run, what: str) -> None:
    table = figures(BURSTS["first"], [run()] * 9 + [bad])
    assert [figure.what for figure in table if figure.met is Met.NO] == [what]


@pytest.mark.parametrize("name", BURSTS)
def test_no_limit_asks_for_more_than_all_slots_can_do(name: str) -> None:
    burst = BURSTS[name]
    assert burst.least_seconds + 10 < burst.done_within < burst.least_seconds + 20
    work = sum(order.seconds for order in burst.orders())
    assert burst.least_seconds >= work / (MOST * SLOTS)
