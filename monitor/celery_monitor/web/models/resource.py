"""The CeleryDeployment that the monitor belongs to, as the operator describes it."""

from typing import Self

from pydantic import ConfigDict, Field

from celery_health.wire.group_requests import MOST_REPLICAS, GroupAction
from celery_health.wire.resource_push import PushedPod
from celery_monitor.live.group_requests import RequestState
from celery_monitor.live.resource import ResourceView
from celery_monitor.web.models.base import Body, Document

_TIME = "Unix time in seconds."


class _Pushed(Document):
    """A document with fields of a push."""

    model_config = ConfigDict(from_attributes=True)


class Condition(_Pushed):
    """A condition of the resource."""

    type: str = Field(description="Its type, such as `Ready`.")
    status: str = Field(description="`True`, `False` or `Unknown`.")
    reason: str = Field(description="The machine-readable reason.")
    message: str = Field(description="The condition in words.")
    since_at: float = Field(description="Since when it has this status. " + _TIME)


class Group(_Pushed):
    """A worker group in numbers of pods."""

    name: str = Field(description="Its name.")
    queues: tuple[str, ...] = Field(description="The queues that it consumes.")
    slots: int = Field(description="Tasks that one of its workers runs at a time.")
    desired: int = Field(description="How many pods it should have now.")
    replicas: int = Field(description="How many pods it has.")
    ready: int = Field(description="Pods that are ready.")
    consuming: int = Field(description="Pods whose worker consumes.")
    draining: int = Field(description="Pods that drain.")
    autoscaled: bool = Field(description="Whether its number of pods follows the load.")
    healing_paused: bool = Field(description="Whether its workers are not healed.")
    scaling: str = Field(description="The last decision of autoscaling in a sentence; empty without one.")
    scaled_at: float | None = Field(description="When it was made. " + _TIME)


class Pod(Document):
    """A worker pod."""

    name: str = Field(description="Its name.")
    group: str = Field(description="Its worker group.")
    phase: str = Field(description="Its phase in Kubernetes.")
    state: str = Field(description="The worker state, such as `consuming` or `unscheduled`.")
    created_at: float = Field(description="When it was created. " + _TIME)
    ready: bool = Field(description="Whether it is ready.")
    deleting: bool = Field(description="Whether it is being deleted.")
    restarts: int = Field(description="How often its worker was restarted.")
    failure: str = Field(description="Why it does not run; empty if nothing keeps it.")
    worker: str | None = Field(description="Celery's name of its worker; null without a report.")
    message: str = Field(description="The verdict on its worker in words; empty without a report.")

    @classmethod
    def of(cls, pod: PushedPod) -> Self:
        """The document of a pod of a push."""
        return cls(
            name=pod.name,
            group=pod.group,
            phase=pod.phase,
            state=pod.state,
            created_at=pod.created_at,
            ready=pod.ready,
            deleting=pod.deleting,
            restarts=pod.restarts,
            failure=pod.failure,
            worker=pod.worker.hostname if pod.worker else None,
            message=pod.worker.message if pod.worker else "",
        )


class Event(_Pushed):
    """An Event that the operator posted on the resource."""

    posted_at: float = Field(description="When it was posted. " + _TIME)
    type: str = Field(description="`Normal` or `Warning`.")
    reason: str = Field(description="The machine-readable reason.")
    message: str = Field(description="The Event in words.")


class GroupRequest(_Pushed):
    """What a user asks of the operator, and what became of it."""

    id: str = Field(description="Its id.")
    action: GroupAction = Field(description="What to do.")
    group: str = Field(description="The worker group.")
    replicas: int | None = Field(description="The number of pods, of the action `scale`.")
    requested_by: str = Field(description="Who asked.")
    requested_at: float = Field(description="When it was asked. " + _TIME)
    state: RequestState = Field(description="What became of it. It waits for 60 seconds at most.")
    message: str = Field(description="What the operator did, or why nothing was done; empty while it waits.")
    ended_at: float | None = Field(description="When the state last changed. " + _TIME)


class ScaleBody(Body):
    """The new number of pods."""

    replicas: int = Field(ge=0, le=MOST_REPLICAS, description="How many pods the group is to have.")


class Resource(Document):
    """The CeleryDeployment at `taken_at`."""

    namespace: str = Field(description="Its namespace.")
    name: str = Field(description="Its name.")
    taken_at: float = Field(description="When the operator took this, by its own clock. " + _TIME)
    received_at: float = Field(
        description="When the monitor received it. The operator sends it every 10 seconds at least. " + _TIME
    )
    stale: bool = Field(
        description="Whether the operator has sent nothing for a minute, so that this may have changed since."
    )
    health: str = Field(description="`Healthy`, `Degraded`, `Unhealthy` or `Unknown`.")
    message: str = Field(description="The worst problem in words.")
    suspended: bool = Field(description="Whether all workers are stopped by `spec.suspend`.")
    conditions: list[Condition] = Field(description="Its conditions.")
    groups: list[Group] = Field(description="Its worker groups.")
    pods: list[Pod] = Field(description="The first 300 worker pods; those that do not consume come first.")
    pod_count: int = Field(description="How many worker pods there are.")
    events: list[Event] = Field(description="The latest Events, the newest first.")
    requests: list[GroupRequest] = Field(description="The latest requests, the newest first.")

    @classmethod
    def of(cls, view: ResourceView) -> Self:
        """The document of a push."""
        push = view.push
        return cls(
            namespace=push.namespace,
            name=push.name,
            taken_at=push.taken_at,
            received_at=view.received_at,
            stale=view.stale,
            health=push.health,
            message=push.message,
            suspended=push.suspended,
            conditions=[Condition.model_validate(one) for one in push.conditions],
            groups=[Group.model_validate(one) for one in push.groups],
            pods=[Pod.of(pod) for pod in view.pods()],
            pod_count=push.pod_count,
            events=[Event.model_validate(one) for one in reversed(push.events)],
            requests=[GroupRequest.model_validate(one) for one in view.requests],
        )
