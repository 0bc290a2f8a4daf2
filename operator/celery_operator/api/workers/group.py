"""One group of workers."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from celery_operator.api.autoscaling import Autoscaling
from celery_operator.api.base import ApiModel
from celery_operator.api.podparts import Environment, PodTemplate, Portion, Resources
from celery_operator.api.rules import QUEUE, checked
from celery_operator.api.workers import rules

DEFAULT_CONCURRENCY = 4

GroupName = Annotated[str, Field(min_length=1, max_length=20, json_schema_extra=checked(*rules.GROUP_NAME))]
QueueName = Annotated[str, Field(min_length=1, max_length=255, json_schema_extra=checked(*QUEUE))]
Argument = Annotated[str, Field(max_length=512, json_schema_extra=checked(*rules.ARGUMENT))]


class DisruptionBudget(ApiModel):
    """How many pods of the group may be evicted at a time, as by `kubectl drain` and a cluster autoscaler.
    Write exactly one of maxUnavailable and minAvailable. Without this field there is no
    PodDisruptionBudget.
    """

    model_config = ConfigDict(json_schema_extra=checked(*rules.DISRUPTION_BUDGET))

    max_unavailable: Portion | None = None
    """Number or percentage of pods that may be away at a time, such as 1 or 25%. With 0 no pod of the group
    is ever evicted, and a node that is drained waits for a person.
    """
    min_available: Portion | None = None
    """Number or percentage of pods that have to stay ready."""


class WorkerGroup(ApiModel):
    """Workers of one kind: one Deployment, named after the resource and the group."""

    model_config = ConfigDict(json_schema_extra=checked(*rules.GROUP))

    name: GroupName
    """Name of the group: lower case letters, digits and '-', at most 20 characters. beat, redis, flower and
    monitor are taken.
    """
    queues: Annotated[
        tuple[QueueName, ...],
        Field(min_length=1, max_length=50, json_schema_extra={"x-kubernetes-list-type": "set"}),
    ] = ("celery",)
    """Queues that these workers consume, one name per item. celery is the queue that Celery uses when an
    application names none.
    """
    pool: Literal["prefork", "threads", "gevent", "eventlet", "solo"] = "prefork"
    """Kind of execution pool. gevent and eventlet must be installed in the image."""
    concurrency: int | None = Field(default=None, ge=1, le=10000)
    """Number of tasks that one worker runs at a time: processes, threads or greenlets. The default is 4, and
    1 for the solo pool, which cannot have more.
    """
    replicas: int | None = Field(default=None, ge=0, le=10000)
    """Number of worker pods. The default is 1. For the group that is the scale target, spec.replicas takes
    precedence.
    """
    autoscaling: Autoscaling | None = None
    drain_timeout_seconds: int = Field(default=600, ge=0, le=604_800)
    """Seconds that a draining pod has to finish its in-flight tasks. After that it is deleted with
    gracePeriodSeconds.
    """
    grace_period_seconds: int = Field(default=60, ge=1, le=86400)
    """Seconds that a worker pod has to finish its active tasks when it is deleted. Then it is killed. Choose
    a time longer than the longest task; otherwise that task is lost or runs twice. The last 5 seconds (half
    of a time below 10) are for returning unfinished messages to the broker.
    """
    max_tasks_per_child: int | None = Field(default=None, ge=1, le=1_000_000_000)
    """Number of tasks after which a process of the prefork pool is replaced, against memory leaks. By default
    the application's worker_max_tasks_per_child counts.
    """
    max_memory_per_child: (
        Annotated[str, Field(max_length=16, json_schema_extra=checked(*rules.CHILD_MEMORY))] | None
    ) = None
    """Memory of a process of the prefork pool, such as 200Mi. A process that has more is replaced when its
    task ends. By default the application's worker_max_memory_per_child counts.
    """
    prefetch_multiplier: int | None = Field(default=None, ge=1, le=10000)
    """Number of messages that a worker fetches ahead for each slot. By default the application's
    worker_prefetch_multiplier counts, and without that 4. Choose 1 for long tasks.
    """
    time_limit: int | None = Field(default=None, ge=1, le=31_536_000)
    """Seconds after which the worker kills a task (pools prefork and gevent). By default the application's
    task_time_limit counts.
    """
    soft_time_limit: int | None = Field(default=None, ge=1, le=31_536_000)
    """Seconds after which SoftTimeLimitExceeded is raised in a task, so that it can clean up (pool prefork).
    By default the application's task_soft_time_limit counts.
    """
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    """Lowest level that the worker logs."""
    optimization: Literal["default", "fair"] | None = None
    """How a prefork worker hands tasks to its processes. fair: only to a process that is free. Celery does
    the same by default.
    """
    args: Annotated[tuple[Argument, ...], Field(max_length=32)] = ()
    """More arguments of `celery worker`, one per item, such as --without-mingle. Options that have a field of
    their own are refused.
    """
    env: Environment = ()
    """Environment variables of this group; they take precedence over spec.env."""
    pod_disruption_budget: DisruptionBudget | None = None
    resources: Resources = Field(default_factory=dict)
    """Requests and limits of the worker container, as in a pod."""
    template: PodTemplate = Field(default_factory=dict)
    """A pod template that is merged into the one that the operator builds, for everything that has no field
    here. Maps are merged. Containers, volumes and environment variables are merged by name, so a new name
    adds one. Other lists and values are replaced. {$patch: delete} instead of a field, or in a list item,
    removes it. The worker's container is called worker.
    """

    @property
    def slots(self) -> int:
        """Tasks that one worker runs at a time."""
        if self.concurrency is not None:
            return self.concurrency
        return 1 if self.pool == "solo" else DEFAULT_CONCURRENCY
