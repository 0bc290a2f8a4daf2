"""Two ways to make a group smaller under load, again and again, until it has happened often enough."""

from collections.abc import Callable
from dataclasses import dataclass

from tools.scale_soak.scaling_orders import mean_seconds
from tools.scale_soak.size_changes import SizeChange, size_changes
from tools.scale_soak.stand import Stand, scaled
from tools.scale_soak.timeline import lowered, sizes
from tools.scale_soak.watch import DeploymentWatch
from tools.testbed.kube import Object
from tools.testbed.shop import group
from tools.testbed.waiting import wait_for

LARGEST = 4
SLOTS = 2
BUSY_SLOTS = 4.5
"""Work that comes, in slots that it keeps busy: more than few pods can do, less than many can."""

SETTLED_SECONDS = 60.0
"""For pods to start, and for the operator and the kubelet; tasks under way come on top."""

SHORT_WINDOW = {"scaleDown": {"stabilizationWindowSeconds": 2}, "targetPerSlot": 1, "targetDrainSeconds": 5}


@dataclass(frozen=True)
class Lane:
    """One CeleryDeployment on a queue of its own name, with tasks of up to ``longest`` seconds under way."""

    stand: Stand
    name: str
    longest: float
    seed: int
    watch: DeploymentWatch
    say: Callable[[str], None]

    @property
    def deployment(self) -> str:
        """The name of its Deployment."""
        return f"{self.name}-{self.name}"

    def scale_ins(self) -> int:
        """How often it has become smaller so far."""
        return lowered(self.watch.of(self.deployment))

    def begin(self, worker: Object, wave: float) -> None:
        """Workers and a stream of tasks for them."""
        self.stand.deploy(worker, name=self.name)
        self.stand.shop.wait_ready(self.name, timeout=120)
        self.stand.begin_stream(
            self.name,
            rate=BUSY_SLOTS / mean_seconds(self.longest),
            wave=wave,
            longest=self.longest,
            seed=self.seed,
        )

    def end(self) -> int:
        """Stop sending; how many tasks were sent."""
        sent = self.stand.end_stream(self.name)
        done = self.scale_ins()
        self.say(
            f"{self.name}: {done} scale-ins, {sent} tasks; sizes {sizes(self.watch.of(self.deployment))}"
        )
        return sent

    def group(self) -> Object:
        """The status of its worker group; empty before there is one."""
        groups = self.stand.shop.status(self.name).get("workers", [])
        return next((one for one in groups if one["name"] == self.name), {})

    def loaded(self) -> bool:
        """Whether tasks wait or run."""
        status = self.stand.shop.status(self.name)
        return bool((status.get("backlog") or 0) + (status.get("active") or 0))


def by_kubectl(lane: Lane, scale_ins: int) -> None:
    """``kubectl scale`` down and up; some of it is taken back while pods drain."""
    lane.begin(group(lane.name, replicas=LARGEST, gracePeriodSeconds=_grace(lane)), wave=0)
    for change in size_changes(lane.seed, LARGEST):
        lane.stand.kube.until(f"{lane.name} under load", lane.loaded, timeout=SETTLED_SECONDS)
        _scale(lane, change)
        if lane.scale_ins() >= scale_ins:
            break
    _scale(lane, SizeChange(LARGEST))
    lane.end()


def by_load(lane: Lane, scale_ins: int) -> None:
    """The load comes in waves, and the size follows it."""
    wave = max(24.0, 2 * lane.longest)
    worker = scaled(lane.name, least=1, most=LARGEST, **SHORT_WINDOW)
    lane.begin(worker | {"gracePeriodSeconds": _grace(lane)}, wave)
    wait_for(
        lambda: lane.scale_ins() >= scale_ins,
        timeout=scale_ins * (wave + lane.longest) + SETTLED_SECONDS,
        describe=lambda: (
            f"{scale_ins} scale-ins of {lane.name}; sizes {sizes(lane.watch.of(lane.deployment))}"
        ),
        interval=0.5,
    )
    lane.end()


def _grace(lane: Lane) -> int:
    return round(lane.longest) + 30


def _scale(lane: Lane, change: SizeChange) -> None:
    lane.say(f"{lane.name}: {change.replicas}{' for a moment' if change.hasty else ''}")
    lane.stand.kube.run(
        "-n",
        lane.stand.shop.namespace,
        "scale",
        f"celerydeployment/{lane.name}",
        f"--replicas={change.replicas}",
    )
    what = f"{lane.name} {'on its way to' if change.hasty else 'at'} {change.replicas} pods"
    reached = _begun if change.hasty else _settled
    lane.stand.kube.until(
        what, lambda: reached(lane, change.replicas), timeout=lane.longest + SETTLED_SECONDS, interval=0.5
    )


def _begun(lane: Lane, replicas: int) -> bool:
    found = lane.group()
    return bool(found.get("draining")) or found.get("replicas", LARGEST) <= replicas


def _settled(lane: Lane, replicas: int) -> bool:
    """This number of pods exists, all of them consume, and none drains."""
    found = lane.group()
    reported = [found.get(name) for name in ("replicas", "consumingReplicas", "draining")]
    there = len(lane.stand.shop.pods(lane.name, lane.name))
    return [*reported, there] == [replicas, replicas, 0, replicas]


def shares(total: int, lanes: int) -> list[int]:
    """The scale-ins of each lane, as even as can be: they add up to ``total``."""
    return [total // lanes + (number < total % lanes) for number in range(lanes)]
