"""Short words for snapshots: a healthy deployment of two workers, and all that can go wrong with it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from celery_health.broker import BrokerReading, QueueReading, UnackedReading
from celery_health.catalogue.brokers import BrokerReason
from celery_operator.api.annotations import read_annotations
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.api.status import CeleryDeploymentStatus, Condition, ConditionType, WorkerGroupStatus
from celery_operator.decide import decide
from celery_operator.decide.evidence import Evidence, gather
from celery_operator.decide.evidence.worker_state import Worker
from celery_operator.decide.evidence.workers import workers_of
from celery_operator.decide.replicas import decide_replicas
from celery_operator.resources.pod import NO_ANNOTATIONS
from celery_operator.snapshot import (
    ConfigurationFault,
    DeploymentState,
    GroupLoad,
    ReconcileMemory,
    ScalingHistory,
    Snapshot,
)
from tests.unit.decide.pods import NOW, pod

GENERATION = 3


def spec(**changes: Any) -> CeleryDeploymentSpec:
    """A spec of one group ``default`` with two workers of the queue ``celery``."""
    base: dict[str, Any] = {
        "app": "shop.celery",
        "image": "registry.example/shop:1.4",
        "broker": {"url": "redis://redis:6379/0"},
        "workers": [{"name": "default", "replicas": 2}],
    }
    return CeleryDeploymentSpec.model_validate({**base, **changes})


def broker(
    reachable: bool | None = True,
    reason: BrokerReason = BrokerReason.REACHABLE,
    message: str = "redis://redis:6379/0 answers.",
    kind: str = "redis",
    *,
    others: dict[str, int] | None = None,
    unacked: UnackedReading | None = None,
    **queues: int | None,
) -> BrokerReading:
    """A reading; the queue ``celery`` is empty by default. ``others``: queues that no group reads."""
    lengths = {"celery": 0, **queues}
    return BrokerReading(
        kind=kind,
        address="redis://redis:6379/0",
        reachable=reachable,
        reason=reason,
        message=message,
        queues=tuple(QueueReading(name, ready) for name, ready in lengths.items()),
        other_queues=tuple(QueueReading(name, ready) for name, ready in (others or {}).items()),
        unacked=unacked,
    )


REFUSED = broker(
    False, BrokerReason.CONNECTION_REFUSED, "redis://redis:6379/0 refuses connections.", celery=None
)
NOT_READ = broker(None, BrokerReason.NOT_READ, "The broker has not been read yet.", celery=None)
UNREADABLE = broker(
    None, BrokerReason.UNSUPPORTED_KIND, "Queues of sqs cannot be read.", kind="sqs", celery=None
)


WAITING: dict[str, Any] = {"broker": broker(celery=5), "nonempty_for": {"celery": 300.0}}
"""Messages that have waited for long."""

UNREAD: dict[str, Any] = {
    "broker": broker(others={"forgotten": 7}),
    "not_shrinking_for": {"forgotten": 300.0},
}
"""Messages in a queue that no group reads."""

ORPHANS: dict[str, Any] = {"broker": broker(unacked=UnackedReading(40, 3000.0)), "unheld_for": 60.0}
"""Messages that were delivered to workers which no longer exist."""


def deployment(desired: int = 2, *, group: str | None = "default", **changes: Any) -> DeploymentState:
    """The Deployment of a group, or the StatefulSet of beat, whose controller has done all it should."""
    base = DeploymentState(
        name=f"shop-{group or 'beat'}",
        component="worker" if group else "beat",
        group=group,
        generation=1,
        observed_generation=1,
        in_force=desired,
        replicas=desired,
        updated=desired,
        ready=desired,
        failure=None,
        startup_seconds=300.0,
        created_at=NOW - timedelta(days=1),
        kind="Deployment" if group else "StatefulSet",
    )
    return replace(base, **changes)


def snapshot(
    *,
    annotations: Mapping[str, str] = NO_ANNOTATIONS,
    histories: Mapping[str, ScalingHistory] | None = None,
    applied: Mapping[str, int] | None = None,
    **changes: Any,
) -> Snapshot:
    """Two desired, two consuming, an empty queue, a broker that answers: Healthy.

    ``histories`` and ``applied`` (replicas) are by group, as the last reconcile left them.
    """
    the_spec = changes.get("spec") or spec()
    base = Snapshot(
        now=NOW,
        namespace="market",
        name="shop",
        uid="uid-shop",
        generation=GENERATION,
        spec=the_spec,
        previous=CeleryDeploymentStatus(observed_generation=GENERATION),
        deployments=(deployment(),),
        pods=(pod("shop-default-a"), pod("shop-default-b")),
        broker=broker(),
        result_backend=None,
        faults=(),
        annotations=read_annotations(annotations, [group.name for group in the_spec.workers]),
        memory=ReconcileMemory(replicas=applied or {}, histories=histories or {}),
    )
    return replace(base, **changes)


def evidence_of(one: Snapshot) -> Evidence:
    """The evidence that ``decide`` gathers."""
    workers = workers_of(one)
    replicas = decide_replicas(one, workers)
    return gather(one, workers, {group: decided.desired for group, decided in replicas.items()})


def fault(
    message: str = "spec.broker.url: write redis://HOST.", *, waiting: bool = False, command: str = ""
) -> ConfigurationFault:
    """A spec that cannot be carried out."""
    return ConfigurationFault("BrokerUrlInvalid", message, waiting, command)


def status_of(**changes: Any) -> CeleryDeploymentStatus:
    """The status decided for ``snapshot(**changes)``."""
    return decide(snapshot(**changes)).status


def condition_of(kind: ConditionType, **changes: Any) -> Condition:
    """One condition of it."""
    return next(one for one in status_of(**changes).conditions if one.type == kind)


def load(ready: int | None = 0, **changes: Any) -> GroupLoad:
    """Nothing else to do, known of every pod, for long."""
    base = GroupLoad(
        ready=ready,
        active=0,
        reserved=0,
        eta_due=0,
        eta=0,
        complete=True,
        arrival_rate=0.0,
        throughput_per_slot=None,
        busy_slots=0.0,
        idle_for=0.0 if ready else 3600.0,
        unread_for=0.0,
    )
    return replace(base, **changes)


def scaled(current: int = 2, waiting: int | None = 0, **rules: Any) -> dict[str, Any]:
    """Changes that let the group follow its load: ``current`` pods of one slot are desired until now."""
    group = {
        "name": "default",
        "concurrency": 1,
        "autoscaling": {"minReplicas": 0, "maxReplicas": 6, **rules},
    }
    before = WorkerGroupStatus(
        name="default",
        replicas=current,
        updated_replicas=current,
        ready_replicas=current,
        consuming_replicas=current,
        desired_replicas=current,
    )
    return {
        "spec": spec(workers=[group]),
        "previous": CeleryDeploymentStatus(observed_generation=GENERATION, workers=(before,)),
        "deployments": (deployment(current),),
        "pods": tuple(pod(f"shop-default-{number}", active=0) for number in range(current)),
        "broker": broker(celery=waiting),
        "loads": {"default": load(waiting)},
        "mono": 1000.0,
    }


def stalled_in(evidence: Evidence) -> tuple[Worker, ...]:
    """The stalled workers of all groups."""
    return tuple(worker for group in evidence.groups for worker in group.stalled)


def hung_in(evidence: Evidence) -> tuple[Worker, ...]:
    """The workers of all groups with a hung task."""
    return tuple(worker for group in evidence.groups for worker in group.hung)
