"""The status of a CeleryDeployment, and the constants that its readers may rely on."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from celery_health.catalogue.health import HealthState
from celery_operator.api.base import ApiModel, Moment, readable
from celery_operator.api.rules import keyed
from celery_operator.api.workers.usage import ResourceUsage, RightSize


class ConditionType(StrEnum):
    """The conditions of a CeleryDeployment."""

    READY = "Ready"
    BROKER_REACHABLE = "BrokerReachable"
    RESULT_BACKEND_REACHABLE = "ResultBackendReachable"
    WORKERS_HEALTHY = "WorkersHealthy"
    BACKLOG_WITHIN_LIMITS = "BacklogWithinLimits"
    BEAT_HEALTHY = "BeatHealthy"
    SCALING_ACTIVE = "ScalingActive"
    AGENTS_REPORTING = "AgentsReporting"
    DRAINS_ON_TIME = "DrainsOnTime"
    MONITOR_READY = "MonitorReady"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"

    @property
    def good_when(self) -> Literal["True", "False"]:
        """The status in which nothing is wrong; as in kstatus, two conditions are about trouble."""
        return "False" if self in {ConditionType.RECONCILING, ConditionType.STALLED} else "True"

    @property
    def follows_from_others(self) -> bool:
        """Whether it sums up other conditions, so that an Event about its change would repeat one."""
        return self in {ConditionType.READY, ConditionType.RECONCILING}


class Condition(ApiModel):
    """One aspect of the resource that is true, false or unknown, as in metav1.Condition."""

    type: ConditionType
    """The aspect. Ready, BrokerReachable, ResultBackendReachable, WorkersHealthy,
    BacklogWithinLimits, BeatHealthy, ScalingActive, AgentsReporting, DrainsOnTime and MonitorReady are good
    when True; Reconciling and Stalled are good when False.
    """
    status: Literal["True", "False", "Unknown"]
    """True, False or Unknown."""
    reason: str
    """The reason, in one word for programs."""
    message: str
    """What is wrong and what to do, in a sentence for people."""
    observed_generation: int
    """Generation of the resource that the condition is about."""
    last_transition_time: Moment
    """When status last changed."""


class ScalingStatus(ApiModel):
    """The last change of a group's desired replicas, and the rounded numbers behind it."""

    message: str
    """What changed and why, in a sentence."""
    at: Moment
    """When it changed."""
    ready: int | None = None
    """Ready messages in the group's queues. Absent if unknown."""
    arrival_per_second: float | None = None
    """Tasks that arrived per second."""
    throughput_per_slot: float | None = None
    """Tasks that a busy slot finished per second. Absent before it was measured."""


class WorkerGroupStatus(ApiModel):
    """Pods and tasks of one group."""

    name: str
    """Name of the group."""
    replicas: int
    """Worker pods that exist."""
    updated_replicas: int
    """Worker pods of the newest template."""
    ready_replicas: int
    """Worker pods that are ready."""
    consuming_replicas: int
    """Workers that are consuming."""
    desired_replicas: int | None = None
    """Worker pods that the group should have now. Absent before the first decision."""
    draining: int = 0
    """Worker pods that finish their in-flight tasks and are then deleted."""
    active: int | None = None
    """Active tasks. Absent while no worker of the group reports."""
    reserved: int | None = None
    """Reserved tasks. Absent while no worker of the group reports."""
    eta: int | None = None
    """ETA tasks. Absent while no worker of the group reports."""
    scaling: ScalingStatus | None = None
    right_size: RightSize | None = None
    usage: ResourceUsage | None = None


class QueueStatus(ApiModel):
    """One queue that a group consumes."""

    name: str
    """Name of the queue."""
    ready: int | None = None
    """Ready messages in the queue. Absent if unknown."""


class BrokerStatus(ApiModel):
    """The broker as the operator sees it."""

    kind: str
    """Scheme of its URL, such as redis or amqp."""
    address: str
    """Its URL without credentials."""
    state: str
    """Reachable, Unreachable or Unknown."""


class BeatStatus(ApiModel):
    """The periodic scheduler."""

    state: str
    """Running, NotRunning or Disabled."""


class Restart(ApiModel):
    """An eviction that the operator ordered."""

    pod: str
    """Name of the pod."""
    group: str
    """Its worker group."""
    reason: str
    """Why: WorkerStalled, BackOff or HungTask."""
    at: Moment
    """When it was ordered."""
    recovered: bool | None = None
    """Whether a pod that was created afterwards works. Absent while unknown."""
    pods_before: tuple[str, ...] = ()
    """Uids of the pods that the group had then. Absent once recovered is known."""
    helper: str | None = None
    """Uid of the pod that was created afterwards and works."""


class GroupPause(ApiModel):
    """A group whose last eviction did not help, so the operator evicts none of its workers for a while."""

    group: str
    """Name of the group."""
    failures: int
    """Evictions in a row that did not help. Each one doubles the pause."""
    until: Moment
    """When the operator tries again."""


class RestartsStatus(ApiModel):
    """Evictions by the operator. The pods show the restarts by the kubelet."""

    total: int = 0
    """Evictions ordered since the resource was created."""
    paused: bool = False
    """Whether the annotation celery-operator.dev/pause-healing pauses healing."""
    paused_groups: tuple[str, ...] = ()
    """Groups whose healing an annotation celery-operator.dev/pause-healing.GROUP pauses."""
    recent: tuple[Restart, ...] = ()
    """The last evictions, oldest first."""
    pauses: Annotated[tuple[GroupPause, ...], Field(json_schema_extra=keyed("group"))] = ()
    """Groups in which the operator evicts no worker for a while."""


class QuarantinedTask(ApiModel):
    """A task that the workers move to the dead-letter queue instead of running it."""

    id: str
    """Id of the task."""
    name: str
    """Name of the task."""
    until: Moment
    """When the workers run the id again."""


class Recommendation(ApiModel):
    """Something that is wrong and that a person has to correct."""

    message: str
    """What is wrong and what to do, in a sentence."""
    command: str
    """A command that shows or corrects it."""


class Alert(ApiModel):
    """An alert that the operator itself evaluates, by the rules that Prometheus gets."""

    name: str
    """Name of the alert rule, such as CeleryWorkersDown."""
    state: Literal["Pending", "Firing"]
    """Pending until the condition of the rule has held for long enough, then Firing."""
    severity: str
    """critical (act now) or warning (act on the same day)."""
    since: Moment
    """Since when it is pending or firing."""
    group: str | None = None
    """The worker group that the alert is about, if it is about one."""
    queue: str | None = None
    """The queue that the alert is about, if it is about one."""
    summary: str
    """What is wrong, in a few words."""
    message: str
    """What is wrong, in one or two sentences."""
    runbook: str
    """The page that says what to do: its address, or its path in the repository of the operator."""
    condition: ConditionType | None = None
    """The condition whose Events report the alert. Absent if the alert has Events of its own."""


class CeleryDeploymentStatus(ApiModel):
    """The observed state."""

    observed_generation: int | None = None
    """Generation of the spec that the status is about."""
    health: HealthState = HealthState.UNKNOWN
    """Healthy, Degraded (works, but something is wrong), Unhealthy (does not work) or Unknown (no evidence).
    """
    message: str = ""
    """The worst verdict, in a sentence."""
    ready: str = ""
    """Consuming workers and desired replicas of all groups, such as 3/3."""
    replicas: int = 0
    """Worker pods of the scale target."""
    ready_replicas: int = 0
    """Ready worker pods of the scale target."""
    selector: str = ""
    """Label selector of the scale target's pods."""
    backlog: int | None = None
    """Ready messages in all queues of the groups. Absent if unknown."""
    active: int | None = None
    """Active tasks of all groups. Absent while no worker reports."""
    workers: Annotated[tuple[WorkerGroupStatus, ...], Field(json_schema_extra=keyed("name"))] = ()
    """The worker groups."""
    queues: Annotated[tuple[QueueStatus, ...], Field(json_schema_extra=keyed("name"))] = ()
    """The queues that the groups consume."""
    broker: BrokerStatus | None = None
    beat: BeatStatus | None = None
    restarts: RestartsStatus = RestartsStatus()
    quarantine: Annotated[tuple[QuarantinedTask, ...], Field(json_schema_extra=keyed("id"))] = ()
    """The tasks in quarantine."""
    dead_letters: int | None = None
    """Messages in the queue NAME.dead-letter. Absent if there has been none."""
    recommendations: tuple[Recommendation, ...] = ()
    """What a person has to correct, each with a command."""
    alerts: tuple[Alert, ...] = ()
    """The alerts that are pending or firing."""
    conditions: Annotated[tuple[Condition, ...], Field(json_schema_extra=keyed("type"))] = ()
    """The state of the resource, one entry for each aspect, for `kubectl wait` and for programs."""

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> Self:
        """The status that the API server holds, without the entries that cannot be read: another version may
        have written a word that is unknown here, and somebody may have edited a time.
        """
        return readable(cls, stored or {})

    def since(self, kind: ConditionType, status: str, now: datetime) -> str:
        """When the condition came to this status, in RFC 3339: now, unless it is at it already."""
        earlier = next((one for one in self.conditions if one.type == kind and one.status == status), None)
        return earlier.last_transition_time if earlier else now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
