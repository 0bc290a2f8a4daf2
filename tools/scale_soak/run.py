"""Many scale-ins under load, side by side, and what became of the tasks."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from tools.scale_soak.judge import Outcome
from tools.scale_soak.lanes import Lane, by_kubectl, by_load, shares
from tools.scale_soak.stand import Stand
from tools.scale_soak.watch import DeploymentWatch, watching

WAYS: Mapping[str, Callable[[Lane, int], None]] = {"kubectl": by_kubectl, "load": by_load}


@dataclass(frozen=True, slots=True)
class Result:
    """How often a group became smaller while it had work, and the tasks' fate."""

    scale_ins: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ScaleIns:
    """``lanes`` by way; ``longest`` task in seconds; ``say`` gets a line at each step."""

    stand: Stand
    lanes: Mapping[str, int]
    longest: float
    seed: int
    say: Callable[[str], None]

    def run(self, scale_ins: int) -> Result:
        """This number of scale-ins over all lanes, on a stand that has started."""
        with watching(self.stand.kube, self.stand.shop.namespace) as watch:
            lanes = self._lanes(watch)
            counts = shares(scale_ins, len(lanes))
            with ThreadPoolExecutor(len(lanes)) as side_by_side:
                running = [
                    side_by_side.submit(partial(WAYS[lane.name.partition("-")[0]], lane, count))
                    for lane, count in zip(lanes, counts, strict=True)
                ]
                for one in running:
                    one.result()
            # All that still waits has to be done by what the lanes have left behind.
            outcome = self.stand.outcome(timeout=12 * self.longest + 60)
            return Result(sum(lane.scale_ins() for lane in lanes), outcome)

    def _lanes(self, watch: DeploymentWatch) -> list[Lane]:
        names = [f"{way}-{number}" for way, count in self.lanes.items() for number in range(count)]
        return [
            Lane(self.stand, name, self.longest, self.seed + number, watch, self.say)
            for number, name in enumerate(names)
        ]
