"""Everything that one reconcile knows about one CeleryDeployment: observe/ builds it, decide/ reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from celery_health.broker import BrokerReading
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.beat import BeatSnapshot
from celery_health.verdicts.deaths import NO_DEATHS, FleetDeaths
from celery_health.verdicts.verdict import Verdict
from celery_health.verdicts.worker import WorkerVerdict
from celery_health.wire.deaths import ProcessEnd
from celery_health.wire.worker_report import WorkerReport
from celery_operator.api.annotations import ResourceAnnotations
from celery_operator.api.kubectl_commands import KubectlCommands
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.api.status import CeleryDeploymentStatus, ConditionType
from celery_operator.api.workers.usage import ResourceUsage


@dataclass(frozen=True, slots=True)
class SidecarBroker:
    """The broker check of one sidecar; ``reachable`` is None until the first check."""

    reachable: bool | None
    message: str


@dataclass(frozen=True, slots=True)
class SidecarReading:
    """The answer of one sidecar to ``/report``. ``report`` is None when the pod has no agent.

    ``age``: seconds since the report was written. ``restart_hold_left``: seconds until the restart hold ends,
    None without one. ``consuming_for``: seconds for which every reading has shown the same consumer
    consuming, None where the last reading did not. ``drain_requested``: whether the worker was asked to
    drain, and ``drain_requested_for``: seconds since then; None where the sidecar does not say.
    ``drain_expires_in``: seconds until the drain ends by itself, None where it does not. ``late``: the
    sidecar was asked again and has not answered yet. ``ends``: deaths of earlier processes of the pod.
    ``quarantined``: the ids that its worker does not run. ``task_events_requested``: whether its worker was
    asked to send task events, None where the sidecar does not take that order.
    """

    report: WorkerReport | None
    verdict: WorkerVerdict
    broker: SidecarBroker
    age: float = 0.0
    restart_hold_left: float | None = None
    consuming_for: float | None = None
    drain_requested: bool | None = None
    drain_requested_for: float | None = None
    drain_expires_in: float | None = None
    late: bool = False
    ends: tuple[ProcessEnd, ...] = ()
    quarantined: tuple[str, ...] = ()
    task_events_requested: bool | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the report is of a process that has ended."""
        return self.verdict.reason is WorkerReason.ENDED

    @property
    def live_report(self) -> WorkerReport | None:
        """The report, unless it is of a process that has ended."""
        return None if self.has_ended else self.report


@dataclass(frozen=True, slots=True)
class ContainerFailure:
    """Why a container of the pod does not run: the reason why it waits, or its last exit, without secrets.

    ``ended_at`` and ``ran_for`` (seconds) describe its last run while the kubelet delays the next.
    """

    container: str
    reason: str
    message: str
    exit_code: int | None = None
    ended_at: datetime | None = None
    ran_for: float = 0.0


@dataclass(frozen=True, slots=True)
class ContainerEnd:
    """How the container of Celery last ended. ``oom``: the kernel killed it at its memory limit."""

    exit_code: int
    oom: bool
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class PodState:
    """One worker pod. ``reading`` is None while its sidecar does not answer.

    ``deletion_cost``: the ReplicaSet deletes pods with a lower one first. ``silent_for``: seconds for which
    the pod has run without a report, or the age of its report. ``sidecar_error``: why there is no reading of
    its sidecar. ``container_started_at``: when the container of Celery last started, None before.
    ``startup_passed``: its startup probe has succeeded since then. ``last_end``: None where it never ended.
    ``replica_set``: the label by which the Deployment controller knows the pods of one template.
    """

    name: str
    uid: str
    group: str
    created_at: datetime
    phase: str
    ready: bool
    deleting: bool
    scheduled: bool
    restarts: int
    container_failure: ContainerFailure | None
    reading: SidecarReading | None
    deletion_cost: int = 0
    silent_for: float = 0.0
    sidecar_error: str = ""
    container_started_at: datetime | None = None
    startup_passed: bool = False
    last_end: ContainerEnd | None = None
    replica_set: str = ""


@dataclass(frozen=True, slots=True)
class MonitorPod:
    """One pod of the monitor. ``container_started_at``: when its container last started, None before."""

    name: str
    ready: bool
    container_started_at: datetime | None
    failure: ContainerFailure | None = None


@dataclass(frozen=True, slots=True)
class DeploymentState:
    """One owned Deployment or StatefulSet as the API server shows it.

    ``kind``: Deployment or StatefulSet. ``startup_seconds``: how long the startup probe of its main container
    lets a container start. ``failure``: why no pods come. ``rollout_stopped``: the pods of its present
    template have not become ready in time. ``size``: the number of pods that all its ReplicaSets
    together are to have, ``replicas`` the number that exists.
    """

    name: str
    component: str
    group: str | None
    generation: int
    observed_generation: int
    in_force: int
    replicas: int
    updated: int
    ready: int
    failure: str | None
    startup_seconds: float
    created_at: datetime
    rollout_stopped: bool = False
    size: int = 0
    kind: str = "Deployment"

    @property
    def is_observed(self) -> bool:
        """Whether the counts are those of the present generation."""
        return self.observed_generation >= self.generation


@dataclass(frozen=True, slots=True)
class ConfigurationFault:
    """A spec that cannot be applied. ``reason`` and ``message`` go into Stalled or Reconciling.

    ``waiting``: the fault can disappear without a new spec, such as a missing Secret. ``command``: a command
    line that shows or corrects the fault; empty to edit the resource.
    """

    reason: str
    message: str
    waiting: bool = False
    command: str = ""

    @classmethod
    def of(cls, verdict: Verdict, namespace: str = "") -> "ConfigurationFault":
        """``namespace``: where the command runs, for a reason that has one."""
        commands = KubectlCommands(namespace) if namespace else None
        return cls(
            verdict.reason.value,
            verdict.message,
            waiting=verdict.entry.clears_by_itself,
            command=verdict.command(commands) if commands else "",
        )


@dataclass(frozen=True, slots=True)
class GroupLoad:
    """The load of one group, in tasks.

    ``ready`` is None where the length of a queue is not known. ``eta_due`` are the tasks of ``eta`` whose
    time is near. ``complete``: every pod that can have in-flight tasks has a fresh report. ``arrival_rate``:
    tasks that arrive per second, ``busy_slots``: tasks that run, both smoothed. ``throughput_per_slot``:
    tasks per second that a busy slot finishes, smoothed; None before any was measured. ``idle_for``: seconds
    for which every reconcile has found no task, with everything known. ``unread_for``: seconds for which
    ``ready`` has been unknown.
    """

    ready: int | None
    active: int
    reserved: int
    eta_due: int
    eta: int
    complete: bool
    arrival_rate: float
    throughput_per_slot: float | None
    busy_slots: float
    idle_for: float
    unread_for: float


@dataclass(frozen=True, slots=True)
class ScalingHistory:
    """The recommendations for a group, and its changes in pods, at times of ``Snapshot.mono``.

    ``recommendations`` reach back as far as the longer stabilization window, ``changes`` as far as the
    longest period of a policy.
    """

    recommendations: tuple[tuple[float, int], ...] = ()
    changes: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ReconcileMemory:
    """What one reconcile hands to the next.

    ``replicas`` and ``histories`` are by group: the replicas that were last asked for, and the history of
    autoscaling. ``faults``: what kept the last object reconcile from applying the spec. ``open_faults``: the
    conditions of which an Event has announced a fault and none its end. ``chosen``: when each pod that drains
    was chosen, by uid, on the clock of ``Snapshot.mono``. ``refused_orders``: why the sidecar of a pod did
    not take its last order, by uid. ``problem``: why the health reconcile has failed again and again; empty
    once one has succeeded. A new process starts with an empty memory.
    """

    replicas: Mapping[str, int] = field(default_factory=dict)
    histories: Mapping[str, ScalingHistory] = field(default_factory=dict)
    faults: tuple[ConfigurationFault, ...] = ()
    open_faults: frozenset[ConditionType] = frozenset()
    chosen: Mapping[str, float] = field(default_factory=dict)
    refused_orders: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One CeleryDeployment at one moment.

    ``now`` and the times of objects are of one clock, that of the API server. ``nonempty_for``: for how
    many seconds each queue has been seen to hold messages without interruption. ``not_shrinking_for``: for
    how many of them it has not been seen to get shorter. Queues that are empty or whose length is not known
    are in neither. ``unheld_for``: for how many seconds Redis has kept more messages than the workers have in
    flight. ``mono``: seconds of a clock that never goes back. ``loads`` and ``usages`` are by group.
    ``faults``: what kept the broker or the result backend from being read. ``deaths`` include those in pods
    that are gone.
    """

    now: datetime
    namespace: str
    name: str
    uid: str
    generation: int
    spec: CeleryDeploymentSpec
    previous: CeleryDeploymentStatus
    deployments: tuple[DeploymentState, ...]
    pods: tuple[PodState, ...]
    broker: BrokerReading
    result_backend: BrokerReading | None
    faults: tuple[ConfigurationFault, ...]
    annotations: ResourceAnnotations
    memory: ReconcileMemory
    beats: tuple[BeatSnapshot, ...] = ()
    monitors: tuple[MonitorPod, ...] = ()
    nonempty_for: Mapping[str, float] = field(default_factory=dict)
    not_shrinking_for: Mapping[str, float] = field(default_factory=dict)
    unheld_for: float = 0.0
    mono: float = 0.0
    loads: Mapping[str, GroupLoad] = field(default_factory=dict)
    usages: Mapping[str, ResourceUsage] = field(default_factory=dict)
    deaths: FleetDeaths = NO_DEATHS

    def kubectl(self, command: str) -> str:
        """A kubectl command line in the resource's own namespace."""
        return f"kubectl -n {self.namespace} {command}"
