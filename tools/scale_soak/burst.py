"""``python -m tools.scale_soak.burst --runs 10``: two bursts from zero pods and back, measured.

Exit status 0 if every limit is kept. Each burst arrives at one moment. Pods have two slots; there are 0 to 6.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from bench.estimates import percentile
from bench.report import Figure, Met, as_text, circumstances, require_place, rewrite_figures

from tools.scale_soak.judge import first_idle, last_end
from tools.scale_soak.lanes import SLOTS
from tools.scale_soak.scaling_orders import Order, fifo_seconds, first_burst, second_burst
from tools.scale_soak.stand import Stand, own_stand, scaled
from tools.scale_soak.timeline import Seen, first, raised, sizes
from tools.scale_soak.watch import SHOP, wait_zero, watching

MOST = 6
WINDOW_SECONDS = 15
RAISED_WITHIN, WHOLE_WITHIN = 2.0, 3.0
GONE_WITHIN = WINDOW_SECONDS + 5.0
BACK_WITHIN = WINDOW_SECONDS + 30.0
RUN_SECONDS = 300.0
ZERO_SECONDS = WINDOW_SECONDS + 120.0
P95 = 95.0


@dataclass(frozen=True, slots=True)
class Burst:
    """``done_within``: seconds from the first message until the last task has ended."""

    name: str
    orders: Callable[[], list[Order]]
    done_within: float

    @property
    def least_seconds(self) -> float:
        """What the tasks take in their order if all slots are there from the first moment."""
        return fifo_seconds((order.seconds for order in self.orders()), MOST * SLOTS)


BURSTS: Mapping[str, Burst] = {
    "first": Burst("600 tasks of 0.1 to 5 s", first_burst, done_within=95.0),
    # 30 tasks of 45 s need three rounds on 12 slots, which is 135 s for any autoscaler.
    "second": Burst("120 tasks, a quarter of 45 s", second_burst, done_within=155.0),
}


@dataclass(frozen=True, slots=True)
class Timing:
    """One run, in seconds after its first message.

    ``gone_after`` counts from when nothing waited any more and a worker ran nothing, so that its pod could
    go, to the first pod gone; below zero if one went before. ``zero_after`` counts from the end of its last
    task. ``steps``: how often the size was raised until it was whole.
    """

    raised_after: float
    whole_after: float
    steps: int
    done_after: float
    gone_after: float
    zero_after: float


def timing(seen: Sequence[Seen], began: float, idle_after: float, done_after: float) -> Timing:
    """What a watch that began at zero pods shows of a run.

    ``began`` is of the watch's clock; this many seconds after it the first worker was idle (``first_idle``),
    and the last task ended.

    Raises:
        AssertionError: the group never was whole, or never came back to zero.
    """
    raised_at = first(seen, lambda one: one.desired > 0)
    whole_at = first(seen, lambda one: one.desired == MOST)
    ended = began + done_after
    zero_at = first(seen, lambda one: one.at > ended and one.desired == 0 and one.existing == 0)
    exist_at = first(seen, lambda one: one.existing == MOST)
    gone_at = None if exist_at is None else first(seen, lambda one: one.at > exist_at and one.existing < MOST)
    if raised_at is None or whole_at is None or gone_at is None or zero_at is None:
        raise AssertionError(f"not 0 to {MOST} to 0: {sizes(seen)}")
    return Timing(
        raised_after=raised_at - began,
        whole_after=whole_at - began,
        steps=raised([one for one in seen if one.at <= whole_at]),
        done_after=done_after,
        gone_after=gone_at - (began + idle_after),
        zero_after=zero_at - ended,
    )


@dataclass(frozen=True, slots=True)
class Run:
    """One burst's timing, and its tasks that were not run once and to their end."""

    timing: Timing
    lost: int
    killed: int
    repeated: int


def figures(burst: Burst, runs: Sequence[Run]) -> list[Figure]:
    """The percentile of all runs beside its limit."""

    def p95(value: Callable[[Timing], float]) -> float:
        return percentile([value(run.timing) for run in runs], P95)

    how = f"{burst.name}; p95 of {len(runs)}"
    least = f"{burst.least_seconds:.0f} s is the minimum in this order on {MOST * SLOTS} slots"
    return [
        Figure("first increase of replicas", p95(lambda one: one.raised_after), "s", RAISED_WITHIN, how=how),
        Figure(f"all {MOST} pods requested", p95(lambda one: one.whole_after), "s", WHOLE_WITHIN),
        Figure("increases until all were requested", p95(lambda one: one.steps), at_most=1),
        Figure("all tasks done", p95(lambda one: one.done_after), "s", burst.done_within, how=least),
        Figure(
            "first pod removed after a pod became idle",
            p95(lambda one: one.gone_after),
            "s",
            GONE_WITHIN,
            how=f"stabilization window {WINDOW_SECONDS} s",
        ),
        Figure(
            "back at zero after the last task",
            p95(lambda one: one.zero_after),
            "s",
            BACK_WITHIN,
            how=f"stabilization window and idleSeconds {WINDOW_SECONDS} s",
        ),
        Figure("tasks killed", sum(run.killed for run in runs), at_most=0, how="all runs"),
        Figure("tasks lost", sum(run.lost for run in runs), at_most=0),
        Figure("tasks run twice", sum(run.repeated for run in runs), at_most=0),
    ]


def run(made: Stand, burst: Burst) -> Run:
    """One burst from zero pods to zero pods."""
    with watching(made.kube, made.shop.namespace) as watch:
        wait_zero(watch, made.shop, ZERO_SECONDS)
        made.forget()
        moment = made.drop(burst.orders())
        # Both clocks are read at once: what the watch saw is on the one, what the tasks wrote on the other.
        began = time.monotonic() - (time.time() - moment)
        outcome = made.outcome(timeout=RUN_SECONDS)
        wait_zero(watch, made.shop, ZERO_SECONDS)
        lines = made.lines()
        times = timing(watch.of(SHOP), began, first_idle(lines) - moment, last_end(lines) - moment)
    for example in outcome.examples:
        print(example, flush=True)
    return Run(times, outcome.lost, outcome.killed, outcome.repeated)


def main() -> int:
    """Run on the cluster of $KUBECONFIG, in a namespace of its own. Its clock has to be this machine's."""
    parser = argparse.ArgumentParser(prog="python -m tools.scale_soak.burst", description="Bursts from zero.")
    parser.add_argument("--runs", type=int, default=10, help="how often each burst comes")
    parser.add_argument("--burst", nargs="+", choices=BURSTS, default=list(BURSTS), help="only these")
    parser.add_argument("--keep", action="store_true", help="do not delete the namespace afterwards")
    parser.add_argument("--markdown", type=Path, metavar="PAGE", help="write the tables into this page")
    options = parser.parse_args()
    if options.markdown:
        try:
            for name in options.burst:
                require_place(options.markdown, f"burst {name}")
        except BenchError as error:
            parser.error(str(error))
    when = circumstances()
    results: dict[str, list[Figure]] = {}
    with own_stand("burst", keep=options.keep) as made:
        made.deploy(
            scaled(
                most=MOST,
                idleSeconds=WINDOW_SECONDS,
                scaleDown={"stabilizationWindowSeconds": WINDOW_SECONDS},
            )
        )
        for name in options.burst:
            runs = []
            for number in range(options.runs):
                runs.append(run(made, BURSTS[name]))
                print(f"{name} {number + 1} of {options.runs}: {runs[-1]}", flush=True)
            results[name] = figures(BURSTS[name], runs)
    for name, table in results.items():
        print(f"\n{as_text(table)}")
        if options.markdown:
            rewrite_figures(options.markdown, f"burst {name}", when, table)
    missed = any(figure.met is Met.NO for table in results.values() for figure in table)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
