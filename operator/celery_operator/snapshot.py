"""Everything that one tick knows of one CeleryDeployment, frozen: what observe/ builds and decide/ reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from celery_health.broker import BrokerReading
from celery_health.verdicts.beat import BeatSight
from celery_health.verdicts.verdict import Verdict
from celery_health.verdicts.worker import WorkerVerdict
from celery_health.wire.worker_report import WorkerReport
from celery_operator.api.annotations import ResourceAnnotations
from celery_operator.api.kubectl_commands import KubectlCommands
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.api.status import CeleryDeploymentStatus


@dataclass(frozen=True, slots=True)
class SidecarBroker:
    """The broker as one pod sees it; ``reachable`` is None until the first check."""

    reachable: bool | None
    message: str


@dataclass(frozen=True, slots=True)
class SidecarReading:
    """What one sidecar's ``/report`` said. ``report`` is None when the pod has no agent.

    ``age``: seconds since the report was written. ``held_for``: for how many more seconds no verdict fails
    the worker's liveness, None if it may. ``consuming_for``: for how many seconds its consumer has said at
    every look that it takes messages, None where it says otherwise or has not been watched.
    ``drain_wanted``: it was asked to take no more messages, ``draining_for`` so many seconds ago; None where
    the sidecar does not say. ``late``: it has been asked again, and has not answered yet.
    """

    report: WorkerReport | None
    verdict: WorkerVerdict
    broker: SidecarBroker
    age: float = 0.0
    held_for: float | None = None
    consuming_for: float | None = None
    drain_wanted: bool | None = None
    draining_for: float | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class ContainerTrouble:
    """Why a container of the pod does not run: a waiting reason or the last exit, redacted.

    ``ended_at`` and ``ran_for`` (seconds) are of its last run, where the kubelet lets it wait for the next.
    """

    container: str
    reason: str
    message: str
    exit_code: int | None = None
    ended_at: datetime | None = None
    ran_for: float = 0.0


@dataclass(frozen=True, slots=True)
class PodState:
    """One worker pod. ``reading`` is None while its sidecar cannot be asked.

    ``deletion_cost``: the ReplicaSet deletes pods of a lower one first. ``silent_for``: seconds for which it
    has run and told nothing of what it holds; 0 while it tells. ``sidecar_error``: why there is no reading of
    its sidecar. ``container_started_at``: when the container of Celery last started, None before.
    ``startup_passed``: its startup probe has succeeded since then.
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
    trouble: ContainerTrouble | None
    reading: SidecarReading | None
    deletion_cost: int = 0
    silent_for: float = 0.0
    sidecar_error: str = ""
    container_started_at: datetime | None = None
    startup_passed: bool = False


@dataclass(frozen=True, slots=True)
class DeploymentState:
    """One owned Deployment as the API server shows it.

    ``startup_seconds``: how long the startup probe of its main container lets a container start.
    """

    name: str
    component: str
    group: str | None
    generation: int
    observed_generation: int
    wanted: int
    replicas: int
    updated: int
    ready: int
    available: int
    failure: str | None
    startup_seconds: float


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
    """What one group has to do, in tasks.

    ``ready`` is None where the broker did not tell of every queue. ``eta_due`` are those of ``eta_held``
    whose time is near. ``complete``: every pod that could hold tasks has told, freshly. ``arrival_rate``:
    tasks a second that came, ``busy_slots``: tasks that ran, both smoothed. ``throughput_per_slot``: tasks a
    second that a busy slot finishes, smoothed; None before any was measured. ``idle_for``: seconds for which
    nothing waited, ran or was held at any look, with everything known. ``unread_for``: seconds for which
    ``ready`` has been unknown.
    """

    ready: int | None
    active: int
    reserved: int
    eta_due: int
    eta_held: int
    complete: bool
    arrival_rate: float
    throughput_per_slot: float | None
    busy_slots: float
    idle_for: float
    unread_for: float


@dataclass(frozen=True, slots=True)
class ScalingHistory:
    """What was recommended for a group, and by how many pods it changed, at times of ``Snapshot.mono``.

    ``recommendations`` reach back as far as the longer stabilization window, ``changes`` as far as the
    longest period of a policy.
    """

    recommendations: tuple[tuple[float, int], ...] = ()
    changes: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ReconcileMemory:
    """What one reconcile hands to the next.

    ``replicas`` and ``histories`` are by group: the replicas that were last asked for, and the history of
    autoscaling. ``faults``: what kept the last object reconcile from applying the spec. A new process starts
    with an empty memory.
    """

    replicas: Mapping[str, int] = field(default_factory=dict)
    histories: Mapping[str, ScalingHistory] = field(default_factory=dict)
    faults: tuple[ConfigurationFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One CeleryDeployment at one moment.

    ``waiting_for``: for how many seconds each queue has been seen to hold messages without interruption.
    ``untouched_for``: for how many of them it has not been seen to get shorter. Queues that are empty or
    whose length is not known are in neither. ``mono``: seconds of a clock that never goes back. ``loads`` are
    by group. ``faults``: what kept the broker or the result backend from being read.
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
    beats: tuple[BeatSight, ...] = ()
    waiting_for: Mapping[str, float] = field(default_factory=dict)
    untouched_for: Mapping[str, float] = field(default_factory=dict)
    mono: float = 0.0
    loads: Mapping[str, GroupLoad] = field(default_factory=dict)

    def kubectl(self, command: str) -> str:
        """A kubectl command line in the resource's own namespace."""
        return f"kubectl -n {self.namespace} {command}"
