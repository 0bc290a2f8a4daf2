"""The status of a CeleryDeployment, and the constants that its readers may rely on."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError

from celery_operator.api.base import ApiModel
from celery_operator.api.rules import keyed


class HealthState(StrEnum):
    """The one word of the HEALTH column, worst last but one; Unknown is never Healthy."""

    HEALTHY = "Healthy"
    DEGRADED = "Degraded"
    UNHEALTHY = "Unhealthy"
    UNKNOWN = "Unknown"


class ConditionType(StrEnum):
    READY = "Ready"
    BROKER_REACHABLE = "BrokerReachable"
    RESULT_BACKEND_REACHABLE = "ResultBackendReachable"
    WORKERS_HEALTHY = "WorkersHealthy"
    BACKLOG_WITHIN_LIMITS = "BacklogWithinLimits"
    BEAT_HEALTHY = "BeatHealthy"
    SCALING_ACTIVE = "ScalingActive"
    AGENTS_REPORTING = "AgentsReporting"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"


class Condition(ApiModel):
    """One thing that is true, false or unknown of the resource, as in metav1.Condition."""

    type: ConditionType
    """What it is about. Ready, BrokerReachable, ResultBackendReachable, WorkersHealthy,
    BacklogWithinLimits, BeatHealthy, ScalingActive and AgentsReporting are good when True; Reconciling and
    Stalled are good when False.
    """
    status: Literal["True", "False", "Unknown"]
    """True, False or Unknown."""
    reason: str
    """Why, in one word for programs."""
    message: str
    """Why, in a sentence for people: what is wrong and what to do."""
    observed_generation: int
    """Generation of the resource that the condition is about."""
    last_transition_time: str
    """When status last changed."""


class ScalingStatus(ApiModel):
    """The last change of a group's size, and the numbers that it was worked out from, rounded."""

    message: str
    """What changed and why, in a sentence."""
    at: str
    """When it changed."""
    ready: int | None = None
    """Messages that waited in the group's queues. Absent where the broker did not tell."""
    arrival_per_second: float | None = None
    """Tasks a second that came."""
    throughput_per_slot: float | None = None
    """Tasks a second that a busy slot finished. Absent before any was measured."""


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
    """Workers that take messages from their queues."""
    desired_replicas: int | None = None
    """Worker pods that the group should have now. Absent before that was worked out."""
    draining: int = 0
    """Worker pods that finish what they hold and are then removed."""
    active: int | None = None
    """Tasks that run now. Absent while no worker of the group reports."""
    reserved: int | None = None
    """Tasks that workers hold and have not started. Absent while no worker of the group reports."""
    eta: int | None = None
    """Tasks that workers hold until their time comes. Absent while no worker of the group reports."""
    scaling: ScalingStatus | None = None


class QueueStatus(ApiModel):
    """One queue that a group reads."""

    name: str
    """Name of the queue."""
    ready: int | None = None
    """Messages that wait in the queue. Absent while the broker does not tell."""


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
    at: str
    """When it was ordered."""
    recovered: bool | None = None
    """Whether a pod made after it works. Absent while that is not known."""


class GroupPause(ApiModel):
    """A group whose restarts did not help: it is left alone for a while."""

    group: str
    """Name of the group."""
    failures: int
    """Windows in a row that were used up in vain. Each one doubles the pause."""
    until: str
    """When the operator tries again."""


class RestartsStatus(ApiModel):
    """What the operator restarts. The kubelet's own restarts stand in the pods."""

    total: int = 0
    """Evictions ordered since the resource was made."""
    paused: bool = False
    """Whether the annotation celery-operator.dev/pause-healing keeps everything from being restarted."""
    recent: tuple[Restart, ...] = ()
    """The last evictions, oldest first."""
    pauses: Annotated[tuple[GroupPause, ...], Field(json_schema_extra=keyed("group"))] = ()
    """Groups that are left alone for a while."""


class Recommendation(ApiModel):
    """Something that is wrong and that a person has to mend."""

    message: str
    """What is wrong and what to do, in a sentence."""
    command: str
    """A command that shows or mends it."""


class CeleryDeploymentStatus(ApiModel):
    """What is."""

    observed_generation: int | None = None
    """Generation of the spec that the status is about."""
    health: HealthState = HealthState.UNKNOWN
    """Healthy, Degraded (works, but something is wrong), Unhealthy (does not work) or Unknown (no evidence).
    """
    message: str = ""
    """The worst thing that is wrong, in a sentence."""
    ready: str = ""
    """Workers that take messages, and how many are wanted in all groups, such as 3/3."""
    replicas: int = 0
    """Worker pods of the scale target."""
    ready_replicas: int = 0
    """Ready worker pods of the scale target."""
    selector: str = ""
    """Label selector of the scale target's pods."""
    backlog: int | None = None
    """Messages that wait in all queues. Absent while the broker does not tell."""
    active: int | None = None
    """Tasks that run now in all groups. Absent while no worker reports."""
    workers: Annotated[tuple[WorkerGroupStatus, ...], Field(json_schema_extra=keyed("name"))] = ()
    """The worker groups."""
    queues: Annotated[tuple[QueueStatus, ...], Field(json_schema_extra=keyed("name"))] = ()
    """The queues that the groups read."""
    broker: BrokerStatus | None = None
    beat: BeatStatus | None = None
    restarts: RestartsStatus = RestartsStatus()
    recommendations: tuple[Recommendation, ...] = ()
    """What a person has to mend, with a command each."""
    conditions: Annotated[tuple[Condition, ...], Field(json_schema_extra=keyed("type"))] = ()
    """The verdict part by part, for `kubectl wait` and for programs."""

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> Self:
        """The status that the API server holds; empty where another version wrote what we cannot read."""
        try:
            return cls.model_validate(stored or {})
        except ValidationError:
            return cls()

    def since(self, kind: ConditionType, status: str, now: datetime) -> str:
        """When the condition came to this status, in RFC 3339: now, unless it is at it already."""
        held = next((one for one in self.conditions if one.type == kind and one.status == status), None)
        return held.last_transition_time if held else now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
