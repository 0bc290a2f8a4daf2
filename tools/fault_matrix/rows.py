"""The rows: every failure of the verdict table, how it is made, how it is reported and what heals it."""

import copy
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum

from tools.fault_matrix.stand import BROKERS, POOLS, Stand
from tools.testbed import broker_faults, faults
from tools.testbed.kube import Object

PORTS = {"redis": 6379, "rabbitmq": 5672}
SERVERS = {"redis": "redis-server", "rabbitmq": "beam.smp"}
HOARDED = 280
HOARDED_FOR_SECONDS = 30
HUNG_SECONDS = 35
VISIBILITY_SECONDS = 40
"""Short, so that what a killed worker held comes back within the time of a row."""

LONG_VISIBILITY_SECONDS = 600
"""An ETA task is unacknowledged until it ends. On a slow machine the hoarded tasks need more than 40 s: with
the short timeout, Redis delivers the last of them a second time, as it would in production."""


class Healer(StrEnum):
    """Who ends the failure."""

    KUBELET = "the kubelet restarts the container"
    OPERATOR = "the operator evicts the pod"
    FIRST = "the kubelet or the operator, the first to see it"
    END = "nothing; it ends with its cause"


class Victim(StrEnum):
    """What the fault hits, so that every other pod is innocent."""

    WORKER = "worker"
    BEAT = "beat"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Load:
    """Tasks that are sent when the fault is made: ``per_slot`` for each slot of one worker."""

    seconds: float = 0.2
    per_slot: int = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One failure. ``make(stand, victim)`` makes it, and ends what of it does not end by healing."""

    name: str
    condition: str
    reasons: frozenset[str]
    healer: Healer
    make: Callable[[Stand, Object], AbstractContextManager[None]]
    victim: Victim = Victim.WORKER
    load: Load | None = Load()
    pools: tuple[str, ...] = POOLS
    brokers: tuple[str, ...] = BROKERS
    reported_within: float = 60
    healed_within: float = 120
    why_doubled: str = ""
    """Why tasks may run twice; empty: none may."""
    visibility_seconds: int = VISIBILITY_SECONDS
    """How soon Redis delivers an unacknowledged message again."""

    def applies(self, pool: str, broker: str) -> bool:
        """Whether the failure exists there."""
        return pool in self.pools and broker in self.brokers

    def visibility(self, broker: str) -> int | None:
        """The visibility timeout of the stand, in seconds; None where the broker has no such timeout."""
        return self.visibility_seconds if broker == "redis" else None


def _injected(fault: str) -> Callable[[Stand, Object], AbstractContextManager[None]]:
    @contextmanager
    def make(stand: Stand, victim: Object) -> Iterator[None]:
        faults.inject(stand.shop, victim["metadata"]["name"], fault)
        yield

    return make


@contextmanager
def _half_open(stand: Stand, victim: Object) -> Iterator[None]:
    with faults.half_open(victim, "worker", PORTS[stand.broker]):
        yield


@contextmanager
def _frozen_beat(stand: Stand, victim: Object) -> Iterator[None]:
    faults.signal_main(victim, "beat", signal.SIGSTOP)
    yield


@contextmanager
def _second_beat(stand: Stand, victim: Object) -> Iterator[None]:
    twin = copy.deepcopy(victim)
    labels = {
        name: value for name, value in victim["metadata"]["labels"].items() if name != "pod-template-hash"
    }
    twin["metadata"] = {"name": "second-beat", "labels": labels}
    del twin["status"], twin["spec"]["nodeName"]
    stand.kube.apply(stand.namespace, twin)
    try:
        yield
    finally:
        stand.kube.run("-n", stand.namespace, "delete", "pod", "second-beat", "--grace-period=1")


@contextmanager
def _hung(stand: Stand, victim: Object) -> Iterator[None]:
    stand.send(HUNG_SECONDS, 1)
    yield


@contextmanager
def _hoarded(stand: Stand, victim: Object) -> Iterator[None]:
    stand.send(0, HOARDED, countdown=HOARDED_FOR_SECONDS)
    yield


@contextmanager
def _unread(stand: Stand, victim: Object) -> Iterator[None]:
    stand.send(0, 1, queue="unconsumed")
    try:
        yield
    finally:
        stand.shop.redis("DEL", "unconsumed")


@contextmanager
def _killed_at_work(stand: Stand, victim: Object) -> Iterator[None]:
    shop = stand.shop
    stand.send(8, 4 * stand.slots)
    name = victim["metadata"]["name"]
    stand.kube.until("a busy victim", lambda: shop.report(name)["report"]["active"], timeout=20)
    faults.signal_main(victim, "worker", signal.SIGKILL)
    yield


@contextmanager
def _broker_hangs(stand: Stand, victim: Object) -> Iterator[None]:
    server = stand.kube.get(stand.namespace, "pod", stand.broker)
    assert server is not None
    with faults.stopped(server, stand.broker, SERVERS[stand.broker]):
        yield


@contextmanager
def _broker_away(stand: Stand, victim: Object) -> Iterator[None]:
    with broker_faults.away(stand.shop):
        yield


@contextmanager
def _result_backend_hangs(stand: Stand, victim: Object) -> Iterator[None]:
    backend = stand.kube.get(stand.namespace, "pod", "results")
    assert backend is not None
    with faults.stopped(backend, "results", "redis-server"):
        yield


@contextmanager
def _without_agent(stand: Stand, victim: Object) -> Iterator[None]:
    workers = stand.shop.resource()["spec"]["workers"]
    command = ["celery", "-A", "shop.celery", "worker", "-Q", "plain", "--pool", stand.pool, "-c", "1"]
    plain = {
        "name": "plain",
        "queues": ["plain"],
        "pool": stand.pool,
        "template": {"spec": {"containers": [{"name": "worker", "command": command}]}},
    }
    stand.shop.change({"workers": [*workers, plain]})
    try:
        yield
    finally:
        stand.shop.change({"workers": workers})


def _row(name: str, reported: str, healer: Healer, make: object, **fields: object) -> Row:
    condition, _, reasons = reported.partition(" ")
    return Row(name, condition, frozenset(reasons.split("|")), healer, make, **fields)  # type: ignore[arg-type]


UNHURRIED = Load(seconds=2, per_slot=20)
"""Enough that a queue never becomes empty before the fault is reported."""

ROWS = (
    _row("wedged", "WorkersHealthy Wedged", Healer.KUBELET, _injected("wedge")),
    _row("deaf", "WorkersHealthy Deaf", Healer.KUBELET, _injected("deaf")),
    _row(
        # Wedged where the loop waits for an answer on the silent connection, stalled where messages wait.
        "deaf: half-open connection",
        "WorkersHealthy Deaf|Wedged|WorkerStalled",
        Healer.FIRST,
        _half_open,
        brokers=("redis",),
    ),
    _row("stalled", "WorkersHealthy WorkerStalled", Healer.OPERATOR, _injected("stall"), load=UNHURRIED),
    _row(
        "pool dead",
        "WorkersHealthy PoolDead",
        Healer.KUBELET,
        _injected("pool_death"),
        pools=("prefork",),
        reported_within=90,
        why_doubled="a child process is killed after its task and before the acknowledgement",
    ),
    _row("hung task", "WorkersHealthy HungTask", Healer.END, _hung, victim=Victim.NONE, load=Load(0.2, 5)),
    _row(
        "hoarding",
        "WorkersHealthy Hoarding",
        Healer.END,
        _hoarded,
        victim=Victim.NONE,
        load=None,
        visibility_seconds=LONG_VISIBILITY_SECONDS,
    ),
    _row(
        "queue not consumed",
        "BacklogWithinLimits QueueNotConsumed",
        Healer.END,
        _unread,
        victim=Victim.NONE,
        load=None,
        brokers=("redis",),
    ),
    _row(
        "orphaned unacked",
        "BacklogWithinLimits OrphanedMessages",
        Healer.END,
        _killed_at_work,
        load=None,
        # Idle gevent workers never hand messages out again: see docs/reference/verdicts.md.
        pools=tuple(pool for pool in POOLS if pool != "gevent"),
        brokers=("redis",),
        reported_within=70,
        why_doubled="the worker was killed during the task, and the message was not acknowledged",
    ),
    _row(
        "beat dead",
        "BeatHealthy TickOverdue|NotRunning|SidecarUnreachable|TicksUnknown",
        Healer.KUBELET,
        _frozen_beat,
        victim=Victim.BEAT,
        pools=("prefork",),
        reported_within=100,
        healed_within=180,
    ),
    _row(
        "beat doubled",
        "BeatHealthy MultipleInstances",
        Healer.END,
        _second_beat,
        victim=Victim.NONE,
        pools=("prefork",),
        load=None,
    ),
    _row("broker hangs", "BrokerReachable TimedOut", Healer.END, _broker_hangs, victim=Victim.NONE),
    _row(
        "broker away",
        "BrokerReachable ConnectionRefused|TimedOut",
        Healer.END,
        _broker_away,
        victim=Victim.NONE,
        brokers=("redis",),
        why_doubled="a task that ends while the broker is down cannot be acknowledged, so it runs again",
    ),
    _row(
        "result backend unreachable",
        "ResultBackendReachable TimedOut",
        Healer.END,
        _result_backend_hangs,
        victim=Victim.NONE,
        load=None,
    ),
    _row(
        "agent absent",
        "AgentsReporting AgentAbsent",
        Healer.END,
        _without_agent,
        victim=Victim.NONE,
        load=None,
        pools=("prefork",),
        reported_within=90,
    ),
)
BY_NAME = {row.name: row for row in ROWS}
# Sent while the broker does not answer, a task would only wait in its sender.
SENT_BEFORE = frozenset({"broker hangs", "broker away"})
