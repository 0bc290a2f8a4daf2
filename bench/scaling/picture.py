"""How many pods each scaler kept, over time: one row a workload."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from bench.scaling.outcome import Outcome
from bench.scaling.workloads import Workload

SHOWN_SECONDS = 2400.0
SMOOTHED_SECONDS = 20.0
COLOURS = ("tab:green", "tab:red", "tab:blue")


def draw(workloads: Sequence[Workload], outcomes: Mapping[str, Mapping[str, Outcome]], path: Path) -> None:
    """``outcomes``: by workload, then by scaler."""
    figure = Figure(figsize=(11, 2.2 * len(workloads)), layout="constrained")
    rows = figure.subplots(len(workloads), 1, squeeze=False)[:, 0]
    for axes, workload in zip(rows, workloads, strict=True):
        shown = min(SHOWN_SECONDS, workload.lasts)
        begin = (workload.lasts - shown) / 2
        seconds = range(int(begin), int(begin + shown), 2)
        minutes = [second / 60 for second in seconds]
        axes.fill_between(
            minutes, _needed(workload, seconds), step="post", color="0.85", label="needed by what comes"
        )
        for colour, (scaler, outcome) in zip(COLOURS, outcomes[workload.name].items(), strict=True):
            pods = [outcome.size_at(second) for second in seconds]
            axes.step(minutes, pods, where="post", color=colour, linewidth=1.1, label=scaler)
        axes.set_title(f"{workload.name}: {workload.about}", fontsize=9, loc="left")
        axes.set_ylabel("pods")
        axes.set_xlim(begin / 60, (begin + shown) / 60)
    rows[0].legend(fontsize=8, loc="upper right")
    rows[-1].set_xlabel("minutes")
    figure.savefig(path, dpi=90, metadata={"Software": None})


def _needed(workload: Workload, seconds: Sequence[int]) -> list[float]:
    """Pods that the tasks of the moment would keep busy, each moment being some seconds long."""
    work: defaultdict[int, float] = defaultdict(float)
    for task in workload.tasks:
        work[int(task.arrives / SMOOTHED_SECONDS)] += task.seconds
    slot_seconds = SMOOTHED_SECONDS * workload.slots_a_pod
    return [min(workload.max_pods, work[int(at / SMOOTHED_SECONDS)] / slot_seconds) for at in seconds]
