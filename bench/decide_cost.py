"""What decisions cost in CPU time: 500 pods through all of decide/, and the sizes of 1,000 groups."""

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

from tests.unit.decide import build
from tests.unit.decide.pods import pod

from bench.report import Figure
from celery_health.broker import QueueReading
from celery_health.catalogue.workers import WorkerReason
from celery_operator.decide import decide
from celery_operator.decide.evidence.workers import workers_of
from celery_operator.decide.replicas import decide_replicas
from celery_operator.snapshot import Snapshot

GROUPS = 5
PODS_A_GROUP = 100
QUEUES_A_GROUP = 2
RESOURCES = 200
PODS_A_SCALED_GROUP = 4


def measure(quick: bool) -> list[Figure]:
    """The same decision again and again, on a healthy fleet and on one where every tenth pod is deaf."""
    rounds = 3 if quick else 30
    what = f"{GROUPS} groups of {PODS_A_GROUP} pods, {GROUPS * QUEUES_A_GROUP} queues; median of {rounds}"
    sizes = f"{RESOURCES} resources of {GROUPS} groups of {PODS_A_SCALED_GROUP} pods; median of {rounds}"
    return [
        Figure("decide/ for 500 healthy pods, CPU", _cost(fleet(), rounds), "ms", at_most=50, how=what),
        Figure(
            "the same, every tenth pod deaf",
            _cost(fleet(deaf_every=10), rounds),
            "ms",
            at_most=50,
            how="every 10th pod",
        ),
        Figure("sizes of 1,000 groups with autoscaling, CPU", _sizes(rounds), "ms", at_most=100, how=sizes),
    ]


def _sizes(rounds: int) -> float:
    """Median CPU milliseconds of the replicas of all groups, half of which become fewer."""
    snapshot = scaled_fleet()
    workers = workers_of(snapshot)

    def decide_sizes() -> None:
        for _ in range(RESOURCES):
            decide_replicas(snapshot, workers)

    return _median_cost(decide_sizes, rounds)


def scaled_fleet() -> Snapshot:
    """One resource whose groups follow their load: some grow, some are to lose pods, which drain first."""
    autoscaling = {"minReplicas": 1, "maxReplicas": 20, "scaleDown": {"stabilizationWindowSeconds": 0}}
    names = [f"group-{number}" for number in range(GROUPS)]
    workers = [{"name": name, "queues": [name], "autoscaling": autoscaling} for name in names]
    return build.snapshot(
        spec=build.spec(workers=workers),
        pods=tuple(
            pod(f"shop-{name}-{number}", group=name)
            for name in names
            for number in range(PODS_A_SCALED_GROUP)
        ),
        deployments=tuple(build.deployment(PODS_A_SCALED_GROUP, group=name) for name in names),
        broker=replace(build.broker(), queues=tuple(QueueReading(name, 12) for name in names)),
        loads={
            name: build.load(400 if number % 2 else 0, throughput_per_slot=2.0)
            for number, name in enumerate(names)
        },
        mono=1000.0,
    )


def fleet(deaf_every: int = 0) -> Snapshot:
    """A snapshot of all pods; every ``deaf_every``-th is deaf, none if 0."""
    names = [f"group-{number}" for number in range(GROUPS)]
    queues = {name: [f"{name}-{number}" for number in range(QUEUES_A_GROUP)] for name in names}
    spec = build.spec(
        workers=[{"name": name, "replicas": PODS_A_GROUP, "queues": queues[name]} for name in names]
    )
    pods = tuple(
        pod(
            f"shop-{name}-{number}",
            WorkerReason.DEAF if deaf_every and number % deaf_every == 0 else WorkerReason.CONSUMING,
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
    return _median_cost(lambda: decide(snapshot), rounds)


def _median_cost(work: Callable[[], object], rounds: int) -> float:
    work()
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        spent.append((time.process_time() - began) * 1000)
    return median(spent)
