"""One group of workers in numbers: desired, running and consuming."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery_health.catalogue.fleet import FleetReason
from celery_health.wire.worker_report import WorkerReport
from celery_operator.api.names import WORKER_CONTAINER
from celery_operator.api.spec import WorkerGroup
from celery_operator.api.status import WorkerGroupStatus
from celery_operator.decide.evidence.worker_state import Worker, WorkerState, is_within_startup
from celery_operator.snapshot import DeploymentState, PodState

WORKED_SECONDS = 30.0
"""A worker that ended earlier never worked: another pod would do no better."""
BACK_OFF_PATIENCE = timedelta(seconds=45)
"""The kubelet doubles its pauses from 10 s to 5 min, whatever killed the container. The first three pauses
are shorter than this: they are not worth a new pod.
"""
LATE_AFTER = timedelta(seconds=60)
"""A pod of a rollout whose container has run for so long, or that has waited for so long, should consume."""
_NOT_TO_WORK = frozenset(
    {
        WorkerState.CONNECTING,
        WorkerState.CONSUMPTION_UNKNOWN,
        WorkerState.SIDECAR_UNREACHABLE,
        WorkerState.STOPPED,
        WorkerState.UNSCHEDULED,
    }
)
_COMING_UP = frozenset({WorkerState.STARTING, WorkerState.CONNECTING, WorkerState.SIDECAR_UNREACHABLE})
"""States of a pod that starts, as long as its startup probe lets it."""


@dataclass(frozen=True, slots=True)
class GroupEvidence:
    """``workers`` are all pods of the group, pods that are being deleted included.

    ``scales_out``: autoscaling adds workers when messages come. ``called_for``: pods beyond minReplicas that
    autoscaling added; 0 where the cluster refuses them. ``coming``: those of them that do not consume yet,
    because they do not exist or because their startup probe still lets them start. ``late``: uids of pods
    without which a rollout does not go on, and that should consume by now.
    """

    name: str
    queues: tuple[str, ...]
    desired: int
    deployment: DeploymentState | None
    workers: tuple[Worker, ...]
    scales_out: bool = False
    coming: int = 0
    called_for: int = 0
    late: frozenset[str] = frozenset()

    def in_state(self, *states: WorkerState) -> tuple[Worker, ...]:
        """The workers in one of these states."""
        return tuple(worker for worker in self.workers if worker.state in states)

    @property
    def present(self) -> tuple[Worker, ...]:
        """All but the pods that are being deleted."""
        return tuple(worker for worker in self.workers if worker.state is not WorkerState.LEAVING)

    @property
    def consuming(self) -> int:
        """Consuming workers of the group."""
        return len(self.in_state(WorkerState.CONSUMING))

    @property
    def deaf(self) -> tuple[Worker, ...]:
        """Connected workers that fetch nothing, by their own evidence."""
        return self.in_state(WorkerState.DEAF)

    @property
    def stalled(self) -> tuple[Worker, ...]:
        """Workers that say they consume and take none of the messages that wait for them."""
        return self.in_state(WorkerState.STALLED)

    @property
    def hung(self) -> tuple[Worker, ...]:
        """Workers with a hung task; they may be consuming besides."""
        return tuple(worker for worker in self.present if worker.has(FleetReason.HUNG_TASK))

    def in_back_off(self, now: datetime) -> tuple[Worker, ...]:
        """Workers that had worked, and whose next start the kubelet has delayed for long."""
        return tuple(
            worker for worker in self.in_state(WorkerState.BROKEN) if _is_in_back_off(worker.pod, now)
        )

    @property
    def consumption_unknown(self) -> int:
        """The number of running pods whose consumption is unknown."""
        return len(
            self.in_state(
                WorkerState.SIDECAR_UNREACHABLE,
                WorkerState.CONSUMPTION_UNKNOWN,
                WorkerState.AGENT_ABSENT,
                WorkerState.REPORT_UNREADABLE,
            )
        )

    @property
    def missing(self) -> int:
        """The number of desired pods that are not consuming, draining or coming."""
        return max(0, self.desired - self.consuming - len(self.in_state(WorkerState.DRAINING)) - self.coming)

    @property
    def seen(self) -> bool:
        """Whether anything of the group was observed at all."""
        return self.deployment is not None or bool(self.present)

    @property
    def out_of_service(self) -> bool:
        """Whether workers are desired and none is known or expected to consume."""
        return self.desired > 0 and self.consuming == 0 and self.consumption_unknown == 0 and not self.coming

    @property
    def rolled_out(self) -> bool:
        """Whether every pod is made from the present template, except for pods that are coming."""
        deployment = self.deployment
        if deployment is None:
            return self.desired == 0
        # A generation that the controller has not observed may be a new template, or just a new size.
        resized = deployment.updated != deployment.in_force
        # Without pods, as right after the Deployment was created, none is made from another template.
        empty = deployment.replicas == 0
        # The status of the Deployment may show new pods later than the pods themselves.
        grows = (
            deployment.updated >= deployment.replicas and deployment.updated + self.called_for >= self.desired
        )
        return (deployment.is_observed or resized or empty) and (grows or deployment.updated >= self.desired)

    def status(self) -> WorkerGroupStatus:
        """The group's entry in ``status.workers``."""
        deployment = self.deployment
        return WorkerGroupStatus(
            name=self.name,
            replicas=deployment.replicas if deployment else len(self.present),
            updated_replicas=deployment.updated if deployment else 0,
            ready_replicas=deployment.ready if deployment else 0,
            consuming_replicas=self.consuming,
            active=_total([report.active_count for report in self._reports()]),
            reserved=_total([report.reserved for report in self._reports()]),
            eta=_total([report.eta for report in self._reports()]),
            desired_replicas=self.desired,
        )

    def _reports(self) -> list[WorkerReport]:
        # A pod that is being deleted still runs its tasks.
        readings = [worker.pod.reading for worker in self.workers]
        return [reading.report for reading in readings if reading and reading.report]


def group_evidence(
    group: WorkerGroup,
    desired: int,
    deployment: DeploymentState | None,
    workers: tuple[Worker, ...],
    now: datetime,
    *,
    scales_out: bool,
) -> GroupEvidence:
    """The evidence of one group. ``workers`` are its own, pods that are being deleted included."""
    # The pods of minReplicas are missing until they consume, like the pods of any other group.
    called_for = max(0, desired - group.autoscaling.min_replicas) if group.autoscaling else 0
    not_created = min(called_for, _not_created(desired, deployment, workers))
    # A rollout or a scale-in may start pods beside those that consume already.
    lacking = max(0, desired - sum(worker.state is WorkerState.CONSUMING for worker in workers))
    return GroupEvidence(
        name=group.name,
        queues=group.queues,
        desired=desired,
        deployment=deployment,
        workers=workers,
        scales_out=scales_out,
        coming=min(called_for, lacking, not_created + _starting(workers, deployment, now)),
        called_for=called_for if deployment is None or deployment.failure is None else 0,
        late=frozenset(_late(workers, deployment, now)),
    )


def _late(workers: tuple[Worker, ...], deployment: DeploymentState | None, now: datetime) -> Iterator[str]:
    """Earlier pods stay until new ones are ready. So while there are earlier pods, a new one is missing."""
    if deployment is None or deployment.updated >= deployment.replicas:
        return
    for worker in workers:
        begun = worker.pod.container_started_at or worker.pod.created_at
        if worker.state in _NOT_TO_WORK and now - begun >= LATE_AFTER:
            yield worker.pod.uid


def _not_created(desired: int, deployment: DeploymentState | None, workers: tuple[Worker, ...]) -> int:
    """The number of pods that do not exist yet, unless the cluster refuses them."""
    if deployment is not None and deployment.failure is not None:
        return 0
    present = sum(worker.state is not WorkerState.LEAVING for worker in workers)
    return max(0, desired - present)


def _starting(workers: tuple[Worker, ...], deployment: DeploymentState | None, now: datetime) -> int:
    """The number of new pods within their startup time."""
    if deployment is None:
        return 0
    startup = timedelta(seconds=deployment.startup_seconds)
    return sum(
        worker.state in _COMING_UP and is_within_startup(worker.pod, now, startup) for worker in workers
    )


def _is_in_back_off(pod: PodState, now: datetime) -> bool:
    failure = pod.container_failure
    if failure is None or failure.ended_at is None or failure.container != WORKER_CONTAINER:
        return False
    return failure.ran_for >= WORKED_SECONDS and now - failure.ended_at >= BACK_OFF_PATIENCE


def _total(counts: list[int]) -> int | None:
    return sum(counts) if counts else None
