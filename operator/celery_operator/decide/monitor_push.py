"""What the monitor of a resource is sent: the snapshot and the status, within the bounds of a push."""

from collections.abc import Iterator

from celery_health.wire.bounds import NAME_LENGTH, sentence
from celery_health.wire.resource_push import (
    ALERTS_LENGTH,
    CONDITIONS_LENGTH,
    GROUPS_LENGTH,
    PODS_LENGTH,
    QUEUES_LENGTH,
    TASKS_LENGTH,
    PushedAlert,
    PushedCondition,
    PushedGroup,
    PushedPod,
    PushedQueue,
    PushedTask,
    PushedWorker,
    ResourcePush,
)
from celery_health.wire.worker_report import ActiveTask
from celery_operator.api.annotations import ResourceAnnotations
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.api.status import Alert, CeleryDeploymentStatus, Condition, WorkerGroupStatus
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.container_failures import last_line
from celery_operator.decide.evidence.worker_state import Worker
from celery_operator.decide.times import moment
from celery_operator.snapshot import ContainerFailure, SidecarReading


def monitor_push(evidence: Evidence, status: CeleryDeploymentStatus) -> ResourcePush | None:
    """The push; None while no monitor is enabled."""
    snapshot = evidence.snapshot
    if not snapshot.spec.monitor.enabled:
        return None
    workers = [worker for group in evidence.groups for worker in group.workers]
    budget = _Budget(TASKS_LENGTH)
    return ResourcePush(
        namespace=snapshot.namespace,
        name=snapshot.name,
        taken_at=snapshot.now.timestamp(),
        health=status.health.value,
        message=sentence(status.message),
        suspended=snapshot.spec.suspend,
        conditions=tuple(_condition(one) for one in status.conditions[:CONDITIONS_LENGTH]),
        groups=tuple(_groups(snapshot.spec, snapshot.annotations, status))[:GROUPS_LENGTH],
        pods=tuple(_pod(worker, budget) for worker in workers[:PODS_LENGTH]),
        pod_count=len(workers),
        alerts=tuple(_alert(one) for one in status.alerts[:ALERTS_LENGTH]),
        queues=tuple(
            PushedQueue(name=_name(one.name), ready=one.ready) for one in status.queues[:QUEUES_LENGTH]
        ),
    )


class _Budget:
    """The number of tasks that all pods together may still show."""

    def __init__(self, left: int) -> None:
        self._left = left

    def take(self, tasks: tuple[ActiveTask, ...]) -> tuple[ActiveTask, ...]:
        """The first of these tasks, as far as the budget allows."""
        taken = tasks[: self._left]
        self._left -= len(taken)
        return taken


def _condition(one: Condition) -> PushedCondition:
    return PushedCondition(
        type=one.type.value,
        status=one.status,
        reason=_name(one.reason),
        message=sentence(one.message),
        since_at=moment(one.last_transition_time).timestamp(),
    )


def _alert(one: Alert) -> PushedAlert:
    return PushedAlert(
        name=_name(one.name),
        state=one.state,
        since_at=moment(one.since).timestamp(),
        summary=sentence(one.summary),
        message=sentence(one.message),
        group=_name(one.group or ""),
        queue=_name(one.queue or ""),
    )


def _groups(
    spec: CeleryDeploymentSpec, annotations: ResourceAnnotations, status: CeleryDeploymentStatus
) -> Iterator[PushedGroup]:
    states: dict[str, WorkerGroupStatus] = {one.name: one for one in status.workers}
    for group in spec.workers:
        state = states[group.name]
        yield PushedGroup(
            name=group.name,
            queues=group.queues,
            slots=group.slots,
            desired=state.desired_replicas or 0,
            replicas=state.replicas,
            ready=state.ready_replicas,
            consuming=state.consuming_replicas,
            draining=state.draining,
            autoscaled=group.autoscaling is not None,
            healing_paused=annotations.pauses(group.name),
            scaling=sentence(state.scaling.message) if state.scaling else "",
            scaled_at=moment(state.scaling.at).timestamp() if state.scaling else None,
        )


def _pod(worker: Worker, budget: _Budget) -> PushedPod:
    pod = worker.pod
    return PushedPod(
        name=pod.name,
        group=pod.group,
        phase=_name(pod.phase),
        state=worker.state.name.lower().replace("_", " "),
        created_at=pod.created_at.timestamp(),
        scheduled=pod.scheduled,
        ready=pod.ready,
        deleting=pod.deleting,
        restarts=pod.restarts,
        failure=sentence(_failure(pod.container_failure)),
        worker=_worker(pod.reading, budget),
    )


def _failure(found: ContainerFailure | None) -> str:
    if found is None:
        return ""
    where = f"container {found.container}: " if found.container else ""
    return f"{where}{found.reason}: {last_line(found)}"


def _worker(reading: SidecarReading | None, budget: _Budget) -> PushedWorker | None:
    if reading is None or reading.report is None:
        return None
    report = reading.report
    return PushedWorker(
        hostname=report.hostname,
        age=max(0.0, reading.age),
        phase=report.phase.value,
        reason=reading.verdict.reason.value,
        message=sentence(reading.verdict.message),
        consuming=reading.verdict.consuming,
        draining=reading.drain_requested is True,
        queues=report.queues,
        slots=report.pool_size,
        active=tuple(_task(one) for one in budget.take(report.active)),
        active_count=report.active_count,
        reserved=report.reserved,
        eta=report.eta,
        processed=report.processed,
        celery_version=report.celery_version,
        memory_bytes=report.memory_bytes,
        task_events=report.task_events,
        quarantined=reading.quarantined,
    )


def _task(one: ActiveTask) -> PushedTask:
    return PushedTask(id=one.id, name=one.name, queue=one.queue, started_at=one.started_at)


def _name(text: str) -> str:
    return text[:NAME_LENGTH].encode(errors="replace").decode()
