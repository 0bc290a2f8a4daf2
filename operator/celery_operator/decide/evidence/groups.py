"""One group of workers in numbers: what is wanted, what runs, what consumes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from celery_health.catalogue.fleet import FleetReason
from celery_health.wire.worker_report import WorkerReport
from celery_operator.api.names import WORKER_CONTAINER
from celery_operator.api.spec import WorkerGroup
from celery_operator.api.status import WorkerGroupStatus
from celery_operator.decide.evidence.worker_state import Standing, Worker, is_within_startup
from celery_operator.snapshot import DeploymentState, PodState

WORKED_SECONDS = 30.0
"""A worker that ended after less never came to work: another pod would do no better."""
BACK_OFF_PATIENCE = timedelta(seconds=45)
"""The kubelet doubles its pauses from 10 s to 5 min, for whatever reason the container was killed. The first
three are shorter than this: they are not worth a new pod.
"""
_COMING_UP = frozenset({Standing.STARTING, Standing.CONNECTING, Standing.SILENT})
"""States of a pod that starts, as long as its startup probe lets it."""


@dataclass(frozen=True, slots=True)
class GroupView:
    """``workers`` are all pods of the group, those that leave included.

    ``wakes``: autoscaling brings workers when messages come. ``called_for``: pods beyond minReplicas that it
    asked for; 0 where the cluster refuses them. ``coming``: those of them that do not exist yet, or whose
    startup probe still lets them start.
    """

    name: str
    queues: tuple[str, ...]
    wanted: int
    deployment: DeploymentState | None
    workers: tuple[Worker, ...]
    wakes: bool = False
    coming: int = 0
    called_for: int = 0

    def standing(self, *standings: Standing) -> tuple[Worker, ...]:
        """The workers that stand in one of these places."""
        return tuple(worker for worker in self.workers if worker.standing in standings)

    @property
    def present(self) -> tuple[Worker, ...]:
        """All but those that leave."""
        return tuple(worker for worker in self.workers if worker.standing is not Standing.LEAVING)

    @property
    def consuming(self) -> int:
        return len(self.standing(Standing.CONSUMING))

    @property
    def deaf(self) -> tuple[Worker, ...]:
        """Connected workers that fetch nothing, by their own evidence."""
        return self.standing(Standing.DEAF)

    @property
    def stalled(self) -> tuple[Worker, ...]:
        """Workers that say they consume and take none of the messages that wait for them."""
        return self.standing(Standing.STALLED)

    @property
    def hung(self) -> tuple[Worker, ...]:
        """Workers with a task that runs for longer than it may; they may well consume beside it."""
        return tuple(worker for worker in self.present if worker.has(FleetReason.HUNG_TASK))

    def parked(self, now: datetime) -> tuple[Worker, ...]:
        """Workers that had worked, and that the kubelet has let wait for their next start for long."""
        return tuple(worker for worker in self.standing(Standing.BROKEN) if _is_parked(worker.pod, now))

    @property
    def untold(self) -> int:
        """Running pods of which nothing tells whether they consume."""
        return len(self.standing(Standing.SILENT, Standing.UNTOLD, Standing.AGENT_ABSENT))

    @property
    def missing(self) -> int:
        """Wanted pods that neither consume nor drain, nor have just been asked for."""
        return max(0, self.wanted - self.consuming - len(self.standing(Standing.DRAINING)) - self.coming)

    @property
    def seen(self) -> bool:
        """Something of the group has been observed at all."""
        return self.deployment is not None or bool(self.present)

    @property
    def out_of_service(self) -> bool:
        """Workers are wanted and it is known that none consumes."""
        return self.wanted > 0 and self.consuming == 0 and self.untold == 0 and not self.coming

    @property
    def rolled_out(self) -> bool:
        """Every pod is made from the present template, but for those that were just called for."""
        deployment = self.deployment
        if deployment is None:
            return self.wanted == 0
        observed = deployment.observed_generation >= deployment.generation
        # What the controller has not seen yet may be a new template, or no more than a new size.
        resized = deployment.updated != deployment.wanted
        # The status of the Deployment may show new pods later than the pods themselves.
        grows = (
            deployment.updated >= deployment.replicas and deployment.updated + self.called_for >= self.wanted
        )
        return (observed or resized) and (grows or deployment.updated >= self.wanted)

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
            desired_replicas=self.wanted,
        )

    def _reports(self) -> list[WorkerReport]:
        # A pod that leaves still runs its tasks.
        readings = [worker.pod.reading for worker in self.workers]
        return [reading.report for reading in readings if reading and reading.report]


def group_view(
    group: WorkerGroup,
    wanted: int,
    deployment: DeploymentState | None,
    workers: tuple[Worker, ...],
    now: datetime,
    *,
    wakes: bool,
) -> GroupView:
    """The view of one group. ``workers`` are those of the group, pods that are being deleted included."""
    # What the spec itself asks for is waited for like the pods of any other group.
    called_for = max(0, wanted - group.autoscaling.min_replicas) if group.autoscaling else 0
    unmade = min(called_for, _unmade(wanted, deployment, workers))
    return GroupView(
        name=group.name,
        queues=group.queues,
        wanted=wanted,
        deployment=deployment,
        workers=workers,
        wakes=wakes,
        coming=min(called_for, unmade + _starting(workers, deployment, now)),
        called_for=called_for if deployment is None or deployment.failure is None else 0,
    )


def _unmade(wanted: int, deployment: DeploymentState | None, workers: tuple[Worker, ...]) -> int:
    """Pods that are not made yet, unless the cluster refuses them."""
    if deployment is not None and deployment.failure is not None:
        return 0
    present = sum(worker.standing is not Standing.LEAVING for worker in workers)
    return max(0, wanted - present)


def _starting(workers: tuple[Worker, ...], deployment: DeploymentState | None, now: datetime) -> int:
    """New pods that their startup probe still lets start."""
    if deployment is None:
        return 0
    startup = timedelta(seconds=deployment.startup_seconds)
    return sum(
        worker.standing in _COMING_UP and is_within_startup(worker.pod, now, startup) for worker in workers
    )


def _is_parked(pod: PodState, now: datetime) -> bool:
    trouble = pod.trouble
    if trouble is None or trouble.ended_at is None or trouble.container != WORKER_CONTAINER:
        return False
    return trouble.ran_for >= WORKED_SECONDS and now - trouble.ended_at >= BACK_OFF_PATIENCE


def _total(counts: list[int]) -> int | None:
    return sum(counts) if counts else None
