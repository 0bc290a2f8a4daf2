"""Pods as a snapshot has them: one that consumes, and each way in which one does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.worker import WorkerVerdict
from celery_health.wire.names import VERSION
from celery_health.wire.worker_report import ActiveTask, Phase, TransportEvidence, WorkerReport
from celery_operator.snapshot import ContainerFailure, PodState, SidecarBroker, SidecarReading

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REACHED = SidecarBroker(True, "The broker answers.")
NOT_REACHED = SidecarBroker(False, "redis://redis:6379/0 refuses connections.")
NOT_ASKED = SidecarBroker(None, "Not checked yet.")


def report(active: int = 1, **changes: Any) -> WorkerReport:
    """What the agent of a consuming worker says; a task began one second before."""
    base = WorkerReport(
        version=VERSION,
        role="worker",
        agent_version="0.1.0",
        pid=7,
        hostname="default@pod",
        celery_version="5.6.3",
        kombu_version="5.6.2",
        phase=Phase.CONSUMING,
        written_mono=100.0,
        loop_mono=100.0,
        consumer_starts=1,
        consuming=True,
        queues=("celery",),
        pool_kind="prefork",
        pool_size=4,
        pool_pids=(8, 9, 10, 11),
        active=tuple(ActiveTask(str(number), "shop.pay", 999.0) for number in range(active)),
        active_count=active,
        reserved=2,
        eta=3,
        processed=10,
        prefetch=16,
        memory_bytes=50_000_000,
        children_memory_bytes=200_000_000,
        transport=TransportEvidence("redis", poller=True, polling=True, can_consume=True),
        written_at=1_000.0,
        progress_mono=99.0,
        initial_prefetch=16,
    )
    return structs.replace(base, **changes)


_CONSUMING = {
    WorkerReason.CONSUMING: True,
    WorkerReason.BUSY: True,
    WorkerReason.AGENT_ABSENT: None,
    WorkerReason.REPORT_UNREADABLE: None,
    WorkerReason.WEDGED: None,
}
_WITHOUT_REPORT = {WorkerReason.AGENT_ABSENT, WorkerReason.REPORT_UNREADABLE}


def reading(
    reason: WorkerReason = WorkerReason.CONSUMING,
    sidecar_broker: SidecarBroker = REACHED,
    message: str = "",
    active: int = 1,
) -> SidecarReading:
    """A sidecar's word on its worker."""
    consuming = _CONSUMING.get(reason, False)
    return SidecarReading(
        report=None if reason in _WITHOUT_REPORT else report(active),
        verdict=WorkerVerdict(
            reason, message or f"The worker is {reason.value}", True, True, bool(consuming), consuming
        ),
        broker=sidecar_broker,
        consuming_for=3600.0 if consuming else None,
    )


def pod(
    name: str = "shop-default-a",
    reason: WorkerReason = WorkerReason.CONSUMING,
    *,
    group: str = "default",
    sidecar_broker: SidecarBroker = REACHED,
    active: int = 1,
) -> PodState:
    """A running pod whose sidecar says ``reason``."""
    return PodState(
        name=name,
        uid=f"uid-{name}",
        group=group,
        created_at=NOW - timedelta(minutes=10),
        phase="Running",
        ready=True,
        deleting=False,
        scheduled=True,
        restarts=0,
        container_failure=None,
        reading=reading(reason, sidecar_broker, active=active),
    )


def silent_pod(name: str = "shop-default-a") -> PodState:
    """It runs, and its sidecar cannot be asked."""
    return replace(pod(name), reading=None)


def consumption_unknown_pod(name: str = "shop-default-a") -> PodState:
    """Its agent reports, but its transport does not show whether it consumes."""
    one = reading()
    return replace(pod(name), reading=replace(one, verdict=replace(one.verdict, consuming=None)))


def reporting_pod(name: str = "shop-default-a", **changes: Any) -> PodState:
    """A pod that consumes by its own word, with these changes to its report."""
    return replace(pod(name), reading=replace(reading(), report=report(**changes)))


def stalled_pod(name: str = "shop-default-a", idle_for: float = 300.0) -> PodState:
    """Stalled once messages wait for it, as in ``WAITING``: it runs nothing and has long begun nothing."""
    return reporting_pod(name, active=0, reserved=0, eta=0, progress_mono=100.0 - idle_for)


def hung_pod(
    name: str = "shop-default-a", running_for: float = 900.0, task_name: str = "shop.pay"
) -> PodState:
    """It consumes, and its task has a limit of five minutes."""
    task = ActiveTask("id-1", task_name, 1_000.0 - running_for, 300.0)
    return replace(pod(name), reading=replace(reading(), report=structs.replace(report(), active=(task,))))


def hoarding_pod(name: str = "shop-default-a", eta: int = 500) -> PodState:
    """It consumes, and holds many messages for their time."""
    return reporting_pod(name, eta=eta, prefetch=16 + eta)


def pending_pod(name: str = "shop-default-a") -> PodState:
    """On a node, its containers not started."""
    return replace(pod(name), phase="Pending", ready=False, reading=None)


def broken_pod(
    reason: str,
    message: str = "",
    name: str = "shop-default-a",
    exit_code: int | None = None,
    container: str = "worker",
) -> PodState:
    """A container of it cannot run."""
    failure = ContainerFailure(container, reason, message, exit_code)
    return replace(pending_pod(name), container_failure=failure)
