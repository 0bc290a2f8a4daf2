"""What one decision costs: a snapshot of 500 pods through all of decide/, in CPU time."""

import time
from dataclasses import replace
from statistics import median

from tests.unit.decide import build

from bench.report import Figure
from celery_health.broker import QueueReading
from celery_health.worker import WorkerReason
from celery_operator.decide.status import decide
from celery_operator.snapshot import Snapshot

GROUPS = 5
PODS_A_GROUP = 100
QUEUES_A_GROUP = 2


def measure(quick: bool) -> list[Figure]:
    """The same decision again and again, on a well fleet and on one where every tenth pod is ill."""
    rounds = 3 if quick else 30
    what = f"{GROUPS} groups of {PODS_A_GROUP} pods, {GROUPS * QUEUES_A_GROUP} queues; median of {rounds}"
    return [
        Figure("decide/ for 500 well pods, CPU", _cost(fleet(ill=0), rounds), "ms", at_most=50, how=what),
        Figure(
            "the same, every tenth pod deaf", _cost(fleet(ill=10), rounds), "ms", at_most=50, how="every 10th"
        ),
    ]


def fleet(ill: int) -> Snapshot:
    """A snapshot of all pods; every ``ill``-th is deaf, none if 0."""
    names = [f"group-{number}" for number in range(GROUPS)]
    queues = {name: [f"{name}-{number}" for number in range(QUEUES_A_GROUP)] for name in names}
    spec = build.spec(
        workers=[{"name": name, "replicas": PODS_A_GROUP, "queues": queues[name]} for name in names]
    )
    pods = tuple(
        build.pod(
            f"shop-{name}-{number}",
            WorkerReason.DEAF if ill and number % ill == 0 else WorkerReason.CONSUMING,
            group=name,
            active=4,
        )
        for name in names
        for number in range(PODS_A_GROUP)
    )
    lengths = tuple(QueueReading(queue, 12) for each in queues.values() for queue in each)
    return build.snapshot(
        spec=spec,
        pods=pods,
        deployments=tuple(build.deployment(PODS_A_GROUP, group=name) for name in names),
        broker=replace(build.broker(), queues=lengths),
    )


def _cost(snapshot: Snapshot, rounds: int) -> float:
    """Median CPU milliseconds of one decision, after one that warms up."""
    decide(snapshot)
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        decide(snapshot)
        spent.append((time.process_time() - began) * 1000)
    return median(spent)
