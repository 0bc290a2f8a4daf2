"""The curve of the operator's cost: CPU, memory and API requests with 20, 100, 250 and 500 resources.

Two kinds of CeleryDeployments at rest, one kind at a time: those that wait at zero for messages, and those
with two idle workers, a thousand at the most. All use one Redis.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import redis
from tests.integration.api.apiserver import Object
from tools.cluster.controlplane.standalone import ControlPlane
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from bench.measure import cpu_seconds, memory
from bench.programs import ROOT, running
from bench.report import Figure
from bench.scale.world import Operator, World, operator

COUNTS = (20, 100, 250, 500)
PODS = 2
MEGABYTE = 1_000_000
MOST_CPU = {100: 10.0, 500: 50.0}
MOST_MEMORY = {100: 100.0, 500: 250.0}
MOST_REQUESTS = 0.1
MOST_REACTION_SECONDS = 2.0
AUTOSCALING = {"minReplicas": 0, "maxReplicas": 3}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of CeleryDeployments: how they are called, the worker group of each, and its pods."""

    name: str
    text: str
    group: Object
    pods: int


KINDS = (
    Kind("zero", "at zero, with autoscaling", {"autoscaling": AUTOSCALING}, 0),
    Kind("running", f"with {PODS} idle workers each", {"replicas": PODS}, PODS),
)


def measure(quick: bool) -> list[Figure]:
    """The whole curve, or its first two points."""
    counts, settle, seconds = (COUNTS[:2], 10.0, 20.0) if quick else (COUNTS, 70.0, 60.0)
    return list(measured(counts, settle, seconds))


def measured(counts: Sequence[int], settle: float, seconds: float, root: Path = ROOT) -> Iterator[Figure]:
    """The figures of the operator of the source tree ``root``.

    ``settle``: how long to wait after the last resource has a status, and after the Secrets were read again.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="celery-bench-")))
        broker = stack.enter_context(redis_server(folder / "redis"))
        plane = stack.enter_context(ControlPlane(folder / "plane"))
        path = {"PYTHONPATH": f"{ROOT / 'health'}:{ROOT / 'probe'}:{ROOT / 'operator'}"}
        sidecars = [sys.executable, "-m", "bench.scale.sidecars"]
        stack.enter_context(running(sidecars, path, folder / "sidecars.log"))
        world = World(plane)
        for kind in KINDS:
            world.create_namespace(kind.name)
            with operator(plane, kind.name, folder / f"{kind.name}.log", root) as process:
                for before, after in pairwise((0, *counts)):
                    _create(world, kind, broker.url, range(before, after))
                    time.sleep(settle)
                    yield from _figures(world, process, kind, after, seconds)
                if not kind.pods:
                    yield _reaction(world, kind, broker.url, counts[-1])


def _create(world: World, kind: Kind, url: str, numbers: range) -> None:
    for number in numbers:
        world.create(kind.name, f"shop-{number}", _spec(kind, url, number))
    for number in numbers:
        if kind.pods:
            world.run_pods(kind.name, f"shop-{number}-default", kind.pods)
        world.until_observed(kind.name, f"shop-{number}")


def _spec(kind: Kind, url: str, number: int) -> Object:
    return {
        "app": "shop.celery",
        "image": "shop:1",
        "broker": {"url": url},
        "workers": [{"name": "default", "queues": [_queue(number)], **kind.group}],
    }


def _queue(number: int) -> str:
    return f"queue-{number}"


def _figures(world: World, process: Operator, kind: Kind, resources: int, seconds: float) -> Iterator[Figure]:
    what = f"{resources} resources {kind.text}"
    requests = _during(world.requests)
    reconciles = _during(lambda: process.value("celery_operator_reconciles_total"))
    cpu = _during(lambda: cpu_seconds([process.pid]))
    time.sleep(seconds)
    used = cpu() / seconds * 100
    made = reconciles() / seconds / resources
    how = f"over {seconds:g} s; {made:.2f} reconciles per second and resource"
    yield Figure(f"CPU, {what}", used, "% of a core", at_most=MOST_CPU.get(resources), how=how)
    rate = requests() / seconds / resources
    yield Figure(f"API requests, {what}", rate, "per second and resource", at_most=MOST_REQUESTS)
    resident = memory([process.pid])
    yield Figure(
        f"memory, {what}",
        resident.rss / MEGABYTE,
        "MB",
        at_most=MOST_MEMORY.get(resources),
        how=f"RSS; PSS {resident.pss / MEGABYTE:.1f} MB",
    )


def _during(value: Callable[[], float]) -> Callable[[], float]:
    """How much a value has grown since now."""
    before = value()
    return lambda: value() - before


def _reaction(world: World, kind: Kind, url: str, resources: int) -> Figure:
    """From a burst to the desired number in the Deployment, at several of the resources in turn."""
    tried, seconds = range(0, resources, resources // 10), []
    client = redis.Redis.from_url(url)
    for number in tried:
        began = time.monotonic()
        client.lpush(_queue(number), *(f"message {one}" for one in range(50)))
        wait_for(partial(_replicas, world, kind, number), timeout=30, describe=f"shop-{number} with replicas")
        seconds.append(time.monotonic() - began)
    client.close()
    return Figure(
        f"first reaction to a burst, {resources} resources {kind.text}",
        max(seconds),
        "s",
        at_most=MOST_REACTION_SECONDS,
        how=f"from the messages to the Deployment's replicas; the slowest of {len(seconds)} resources",
    )


def _replicas(world: World, kind: Kind, number: int) -> int:
    deployment = world.deployment(kind.name, f"shop-{number}-default")
    return int(deployment["spec"]["replicas"]) if deployment else 0
