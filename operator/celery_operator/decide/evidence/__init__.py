"""The evidence of one reconcile: the snapshot, with what several decisions need already computed."""

from collections.abc import Mapping
from dataclasses import dataclass

from celery_health.catalogue.brokers import BrokerReason
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.kubectl_commands import KubectlCommands
from celery_operator.api.names import COMPONENT_BEAT, COMPONENT_WORKER
from celery_operator.api.status import QueueStatus
from celery_operator.decide.evidence.broker import BrokerEvidence, broker_evidence
from celery_operator.decide.evidence.groups import GroupEvidence, group_evidence
from celery_operator.decide.evidence.worker_state import Worker
from celery_operator.decide.evidence.workers import death_verdicts, queue_verdicts
from celery_operator.decide.scaling.desired import DesiredReplicas
from celery_operator.decide.scaling.schedule import schedule_faults
from celery_operator.snapshot import ConfigurationFault, DeploymentState, Snapshot


@dataclass(frozen=True, slots=True)
class Evidence:
    """``queues`` has each queue of the spec once, in the order of the spec, with its length.

    ``queue_verdicts`` are the fleet's verdicts on queues, ``death_verdicts`` those on tasks that kill what
    runs them; those on a worker are with the worker.
    ``desired`` is by group. ``faults`` are all that hinder the spec, those of the snapshot among them.
    """

    snapshot: Snapshot
    groups: tuple[GroupEvidence, ...]
    broker: BrokerEvidence
    queues: tuple[QueueStatus, ...]
    queue_verdicts: tuple[Verdict, ...]
    death_verdicts: tuple[Verdict, ...]
    desired: Mapping[str, DesiredReplicas]
    faults: tuple[ConfigurationFault, ...]

    @property
    def desired_total(self) -> int:
        """Desired replicas of all groups."""
        return sum(group.desired for group in self.groups)

    @property
    def consuming(self) -> int:
        """Consuming workers of all groups."""
        return sum(group.consuming for group in self.groups)

    @property
    def desired_consuming(self) -> int:
        """Consuming workers of all groups, less those that a group has beyond its desired replicas."""
        return sum(min(group.consuming, group.desired) for group in self.groups)

    @property
    def new_generation(self) -> bool:
        """No status was written for this generation yet: the owned objects may still be those of the last
        one.
        """
        return self.snapshot.previous.observed_generation != self.snapshot.generation

    @property
    def fault(self) -> ConfigurationFault | None:
        """The fault to report first: one that needs a new spec before one that may pass by itself."""
        return min(self.faults, key=lambda fault: fault.waiting, default=None)

    @property
    def stopped_rollout(self) -> DeploymentState | None:
        """The first Deployment whose new pods have not become ready in time."""
        return next((one for one in self.snapshot.deployments if one.rollout_stopped), None)

    @property
    def paused(self) -> bool:
        """Whether healing of the whole resource is paused by annotation."""
        return self.snapshot.annotations.healing_paused

    @property
    def beat(self) -> DeploymentState | None:
        """The StatefulSet of beat."""
        return next((one for one in self.snapshot.deployments if one.component == COMPONENT_BEAT), None)

    @property
    def result_backend_readable(self) -> bool:
        """False for a kind of result backend without a reader."""
        reading = self.snapshot.result_backend
        return reading is None or reading.reason is not BrokerReason.UNSUPPORTED_KIND

    @property
    def queues_without_replicas(self) -> tuple[QueueStatus, ...]:
        """Non-empty queues whose groups are all at zero on purpose."""
        served = {
            queue for group in self.groups if group.desired or group.scales_out for queue in group.queues
        }
        return tuple(queue for queue in self.queues if queue.ready and queue.name not in served)

    def waits(self, group: GroupEvidence) -> bool:
        """Whether messages are known to wait for the group."""
        return any(queue.ready for queue in self.queues if queue.name in group.queues)

    @property
    def commands(self) -> KubectlCommands:
        """The commands of verdicts on this resource."""
        return KubectlCommands(self.snapshot.namespace, self.snapshot.name)

    def kubectl(self, command: str) -> str:
        """A kubectl command line in the resource's own namespace."""
        return self.snapshot.kubectl(command)


def gather(
    snapshot: Snapshot, workers: tuple[Worker, ...], desired: Mapping[str, DesiredReplicas]
) -> Evidence:
    """Put together what several decisions need. ``desired``: the desired replicas by group."""
    ready = {queue.name: queue.ready for queue in snapshot.broker.queues}
    groups = _groups(snapshot, workers, desired)
    names = dict.fromkeys(queue for group in groups for queue in group.queues)
    return Evidence(
        snapshot=snapshot,
        groups=groups,
        broker=broker_evidence(snapshot, workers),
        queues=tuple(QueueStatus(name=name, ready=ready.get(name)) for name in names),
        queue_verdicts=queue_verdicts(snapshot, workers),
        death_verdicts=death_verdicts(snapshot),
        desired=desired,
        faults=(*snapshot.memory.faults, *snapshot.faults, *schedule_faults(snapshot.spec)),
    )


def _groups(
    snapshot: Snapshot, workers: tuple[Worker, ...], desired: Mapping[str, DesiredReplicas]
) -> tuple[GroupEvidence, ...]:
    deployments = {one.group: one for one in snapshot.deployments if one.component == COMPONENT_WORKER}
    by_group: dict[str, list[Worker]] = {}
    for worker in workers:
        by_group.setdefault(worker.pod.group, []).append(worker)
    return tuple(
        group_evidence(
            group,
            desired[group.name].replicas,
            deployments.get(group.name),
            tuple(by_group.get(group.name, ())),
            snapshot.now,
            scales_out=desired[group.name].scales_out,
        )
        for group in snapshot.spec.workers
    )
