"""All workloads through all scalers: what each costs and what the tasks wait, beside the targets."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import mean

from bench.report import Figure, Finding, Picture, Table
from bench.scaling import keda
from bench.scaling.floor import Floor
from bench.scaling.keda import Keda
from bench.scaling.ours import DEFAULT, EAGER, Ours
from bench.scaling.outcome import Outcome, Scaler, run
from bench.scaling.workloads import HOUR, MINUTE, Workload, workloads
from bench.scaling.world import World

PICTURE = "../scaling-simulator.png"
CALM_SECONDS = 30 * MINUTE
OURS, DEFAULTS, PEER, FORESIGHT = "operator, eager", "operator, defaults", "KEDA, fast", "foresight"
SHOWN = (OURS, PEER, "KEDA, defaults")


def _foresight(world: World) -> Floor:
    return Floor(world, world.workload.max_pods)


SCALERS: Mapping[str, Callable[[float], Scaler]] = {
    OURS: lambda _: partial(Ours, rules=EAGER),
    DEFAULTS: lambda _: partial(Ours, rules=DEFAULT),
    PEER: lambda phase: partial(Keda, settings=keda.FAST, phase=phase),
    "KEDA, fast, any step": lambda phase: partial(Keda, settings=keda.UNLIMITED, phase=phase),
    "KEDA, defaults": lambda phase: partial(Keda, settings=keda.DEFAULT, phase=phase),
    FORESIGHT: lambda _: _foresight,
}
"""By name; each gets the point in the period at which the peers start."""
HEADINGS = (
    "workload",
    "scaler",
    "pod-hours",
    "waiting p50",
    "p95",
    "p99",
    "killed",
    "lost",
    "scale changes",
)


Runs = Mapping[str, Sequence[Outcome]]


def measure(quick: bool) -> list[Finding]:
    """Each workload three times, with other tasks and another phase of the peers' periods; once if quick."""
    seeds = 1 if quick else 3
    sets = [workloads(seed, quick) for seed in range(seeds)]
    first = sets[0]
    runs = {each[0].name: _runs(each) for each in zip(*sets, strict=True)}
    table = Table(HEADINGS, [row for each in first for row in _rows(each.name, runs[each.name])])
    figures = [figure for each in first for figure in _figures(each, runs[each.name])]
    shown = {name: {scaler: found[scaler][0] for scaler in SHOWN} for name, found in runs.items()}
    return [*figures, table, Picture(PICTURE, partial(_draw, first, shown))]


def _runs(workloads: Sequence[Workload]) -> Runs:
    phases = [(number + 0.5) / len(workloads) for number in range(len(workloads))]
    return {
        name: [run(workload, scaler(phase)) for workload, phase in zip(workloads, phases, strict=True)]
        for name, scaler in SCALERS.items()
    }


def _rows(name: str, runs: Runs) -> list[list[str]]:
    return [
        [
            name,
            scaler,
            f"{_mean(found, lambda one: one.pod_hours):.2f}",
            f"{_mean(found, lambda one: one.p50):.1f} s",
            f"{_mean(found, lambda one: one.p95):.1f} s",
            f"{_mean(found, lambda one: one.p99):.1f} s",
            f"{_mean(found, lambda one: one.killed):.0f}",
            f"{_mean(found, lambda one: one.lost):.0f}",
            f"{_mean(found, lambda one: len(one.changes)):.0f}",
        ]
        for scaler, found in runs.items()
    ]


def _figures(workload: Workload, runs: Runs) -> list[Figure]:
    name, peer = workload.name, runs[PEER]
    waits = [_mean(runs[scaler], lambda one: one.p95) for scaler in (OURS, PEER, FORESIGHT)]
    prices = [_mean(runs[scaler], lambda one: one.pod_hours) for scaler in (OURS, PEER)]
    killed = [sum(one.killed for one in found) for found in ([*runs[OURS], *runs[DEFAULTS]], peer)]
    figures = [
        Figure(
            f"{name}: p95 waiting time, {OURS}, relative to {PEER}",
            waits[0] / waits[1] * 100,
            "%",
            at_most=50,
            how=f"{waits[0]:.1f} s to {waits[1]:.1f} s; {waits[2]:.1f} s is the minimum at any cost",
        ),
        Figure(
            f"{name}: pod-hours, {OURS}, relative to {PEER}",
            prices[0] / prices[1] * 100,
            "%",
            at_most=100,
            how=f"{prices[0]:.2f} to {prices[1]:.2f}; the tasks alone are {_work(workload):.2f}",
        ),
        Figure(
            f"{name}: tasks killed by the operator",
            killed[0],
            at_most=0,
            how=f"{killed[1]} by {PEER}, in {len(peer)} runs",
        ),
    ]
    if name == "steady":
        figures.append(_calm(workload, runs[DEFAULTS]))
    return figures


def _calm(workload: Workload, outcomes: Sequence[Outcome]) -> Figure:
    """A load that does not change moves nothing, once the group has its size."""
    begin = workload.lasts - CALM_SECONDS
    moves = [sum(begin < at < workload.lasts for at, _ in one.changes) for one in outcomes]
    return Figure(
        f"steady: scale changes in {CALM_SECONDS / MINUTE:.0f} min, {DEFAULTS}",
        max(moves),
        at_most=2,
        how=f"the maximum of {len(outcomes)} runs; the last {CALM_SECONDS / MINUTE:.0f} min",
    )


def _work(workload: Workload) -> float:
    """Pod-hours of full pods."""
    return sum(task.seconds for task in workload.tasks) / workload.slots_a_pod / HOUR


def _mean(outcomes: Sequence[Outcome], number: Callable[[Outcome], float]) -> float:
    return mean(number(outcome) for outcome in outcomes)


def _draw(workloads: Sequence[Workload], outcomes: Mapping[str, Mapping[str, Outcome]], path: Path) -> None:
    # Nothing else here needs matplotlib.
    from bench.scaling.picture import draw  # noqa: PLC0415

    draw(workloads, outcomes, path)
