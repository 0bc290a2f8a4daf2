"""The spec of a CeleryDeployment. crds/ is generated from these models: a docstring is a description."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from celery_operator.api import rules
from celery_operator.api.autoscaling import Autoscaling
from celery_operator.api.base import ApiModel
from celery_operator.api.podparts import (
    EnvFrom,
    Environment,
    PodPart,
    PodTemplate,
    PullSecrets,
    Resources,
    VolumeMounts,
    Volumes,
)

DEFAULT_CONCURRENCY = 4
DEFAULT_REPLICAS = 1

GroupName = Annotated[
    str, Field(min_length=1, max_length=20, json_schema_extra=rules.checked(*rules.GROUP_NAME))
]
QueueName = Annotated[str, Field(min_length=1, max_length=255, json_schema_extra=rules.checked(*rules.QUEUE))]
Argument = Annotated[str, Field(max_length=512, json_schema_extra=rules.checked(*rules.ARGUMENT))]
Image = Annotated[str, Field(max_length=1024, json_schema_extra=rules.checked(*rules.IMAGE))]
ObjectName = Annotated[str, Field(min_length=1, max_length=253)]


class SecretKeyReference(ApiModel):
    """A key of a Secret in the resource's own namespace."""

    name: ObjectName
    """Name of the Secret."""
    key: ObjectName
    """Key in the Secret's data."""


class UrlSource(ApiModel):
    """Where a URL with credentials stands."""

    secret_key_ref: SecretKeyReference
    """The Secret and the key that hold the URL."""


class ManagedRedis(ApiModel):
    """A small Redis of the resource's own, for development and tests: write {} to take the defaults. It
    keeps nothing on disk, so that tasks are lost when its pod restarts.
    """

    image: Image = "redis:7.4-alpine"
    """Image that holds redis-server and redis-cli."""


class Broker(ApiModel):
    """The message broker. Write exactly one of url, urlFrom and managed. The workers get the URL as
    CELERY_BROKER_URL, which wins over the application's own configuration.
    """

    model_config = ConfigDict(json_schema_extra=rules.checked(*rules.BROKER))

    url: Annotated[str, Field(max_length=2048, json_schema_extra=rules.checked(*rules.BROKER_URL))] | None = (
        None
    )
    """URL of the broker, such as redis://redis:6379/0. A URL with a password belongs in a Secret: urlFrom."""
    url_from: UrlSource | None = None
    """A Secret that holds the URL of the broker."""
    managed: ManagedRedis | None = None
    management_url: (
        Annotated[str, Field(max_length=2048, json_schema_extra=rules.checked(*rules.MANAGEMENT_URL))] | None
    ) = None
    """URL of RabbitMQ's management API, such as http://rabbitmq:15672: with it messages that nobody reads,
    unacknowledged ones and alarms are seen. The user and password are those of the broker's URL.
    """


class ResultBackend(ApiModel):
    """Where results go. Write exactly one of url and urlFrom. The workers get the URL as
    CELERY_RESULT_BACKEND, which wins over the application's own configuration; left out, that decides.
    """

    model_config = ConfigDict(json_schema_extra=rules.checked(*rules.RESULT_BACKEND))

    url: (
        Annotated[str, Field(max_length=2048, json_schema_extra=rules.checked(*rules.RESULT_BACKEND_URL))]
        | None
    ) = None
    """URL of the result backend, such as redis://redis:6379/1. A URL with a password belongs in a Secret:
    urlFrom.
    """
    url_from: UrlSource | None = None
    """A Secret that holds the URL of the result backend."""


class WorkerGroup(ApiModel):
    """Workers of one kind: one Deployment, named after the resource and the group."""

    model_config = ConfigDict(json_schema_extra=rules.checked(*rules.GROUP))

    name: GroupName
    """Name of the group: lower case letters, digits and '-', at most 20 characters. beat, redis, flower and
    monitor are taken.
    """
    queues: Annotated[
        tuple[QueueName, ...],
        Field(min_length=1, max_length=50, json_schema_extra={"x-kubernetes-list-type": "set"}),
    ] = ("celery",)
    """Queues that these workers read, one name an item; celery is the queue that Celery itself uses when an
    application names none.
    """
    pool: Literal["prefork", "threads", "gevent", "eventlet", "solo"] = "prefork"
    """Kind of execution pool. gevent and eventlet must be installed in the image."""
    concurrency: int | None = Field(default=None, ge=1, le=10000)
    """Tasks that one worker runs at a time: processes, threads or greenlets. Left out it is 4, and 1 for
    the solo pool, which cannot have more.
    """
    replicas: int | None = Field(default=None, ge=0, le=10000)
    """Number of worker pods; left out it is 1. spec.replicas takes its place for the group that is the scale
    target.
    """
    autoscaling: Autoscaling | None = None
    drain_timeout_seconds: int = Field(default=600, ge=0, le=604_800)
    """Seconds that a pod which is to go has to finish what it holds, while it takes no more. After that it is
    stopped, and gracePeriodSeconds begin.
    """
    grace_period_seconds: int = Field(default=60, ge=1, le=86400)
    """Seconds that a worker pod has to finish its running tasks when it is stopped, before it is killed.
    Choose it longer than the longest task, else that task is lost or runs twice. The last 5 of them (half of
    them below 10) are kept to hand unfinished messages back.
    """
    args: Annotated[tuple[Argument, ...], Field(max_length=32)] = ()
    """More arguments of `celery worker`, one an item, such as --prefetch-multiplier=1. Options that have a
    field of their own are refused.
    """
    env: Environment = ()
    """Environment variables of this group; they win over spec.env."""
    resources: Resources = Field(default_factory=dict)
    """Requests and limits of the worker container, as in a pod."""
    template: PodTemplate = Field(default_factory=dict)
    """A pod template laid over the one that the operator builds, for what has no field here. Maps merge;
    containers, volumes and environment variables merge by name, so that a new name adds one; other lists
    and values replace; {$patch: delete} in the place of a field or in a list item removes it. The worker's
    container is called worker.
    """

    @property
    def slots(self) -> int:
        """Tasks that one worker runs at a time."""
        if self.concurrency is not None:
            return self.concurrency
        return 1 if self.pool == "solo" else DEFAULT_CONCURRENCY


class Beat(ApiModel):
    """The periodic scheduler: one `celery beat`, never two at once."""

    enabled: bool = False
    """Whether beat runs."""
    schedule: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """Path of the schedule database in beat's container; left out it is /tmp/celerybeat-schedule, which is
    lost with the pod. Mount a volume to keep it.
    """
    resources: Resources = Field(default_factory=dict)
    """Requests and limits of beat's container, as in a pod."""


class RestartPolicy(ApiModel):
    """When and how fast ill workers are restarted; none ever is for an illness of the broker."""

    model_config = ConfigDict(json_schema_extra=rules.checked(*rules.RESTART))

    policy: Literal["OnUnhealthy", "Never"] = "OnUnhealthy"
    """OnUnhealthy: the kubelet restarts wedged, deaf and pool-dead workers through their liveness probe, and
    the operator evicts stalled ones. Never: both leave every worker alone, and tell only.
    """
    delay_seconds: int = Field(default=5, ge=0, le=3600)
    """Seconds between two evictions in one group."""
    max_attempts: int = Field(default=3, ge=1, le=20)
    """Evictions that the operator makes in one group within windowSeconds, at most."""
    window_seconds: int = Field(default=120, ge=10, le=86400)
    """Length of that window. When it is used up in vain the next one begins after a pause that doubles each
    time.
    """
    max_concurrent: int = Field(default=1, ge=1, le=20)
    """Workers of one group that may be on their way back at a time, once the first has recovered."""
    hung_tasks: bool = False
    """Whether a worker with a task that runs beyond its limit is restarted too. The task is killed when
    gracePeriodSeconds end.
    """


class Health(ApiModel):
    """Limits of the verdict that stands in status.health, and what is done about ill workers."""

    backlog_threshold: int = Field(default=1000, ge=1, le=1_000_000_000)
    """Messages waiting in a queue above which the resource is Degraded."""
    stalled_after_seconds: int = Field(default=60, ge=10, le=86400)
    """Seconds for which messages wait and a worker with free slots takes none until it counts as stalled."""
    hung_task_after_seconds: int | None = Field(default=None, ge=1, le=31_536_000)
    """Seconds after which a running task counts as hung. Left out, only a task beyond its own time limit
    does.
    """
    restart: RestartPolicy = RestartPolicy()


class CeleryDeploymentSpec(ApiModel):
    """What is wanted."""

    model_config = ConfigDict(json_schema_extra=rules.checked(*rules.SPEC))

    app: Annotated[str, Field(min_length=1, max_length=253, json_schema_extra=rules.checked(*rules.APP))]
    """The Celery application, as in `celery -A`: a module such as shop.celery, or module:attribute."""
    image: Image
    """Image of workers and beat: Python, Celery and the application."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    """When to pull the image. Left out, Kubernetes decides: Always for the tag latest, else IfNotPresent."""
    image_pull_secrets: PullSecrets = ()
    """Secrets for the image's registry."""
    service_account_name: ObjectName | None = None
    """ServiceAccount of the pods. Left out, the operator makes one named NAME-celery without permissions."""
    env: Environment = ()
    """Environment variables of workers and beat. CELERY_BROKER_URL and CELERY_RESULT_BACKEND come from
    broker and resultBackend.
    """
    env_from: EnvFrom = ()
    """ConfigMaps and Secrets whose keys become environment variables of workers and beat."""
    volumes: Volumes = ()
    """Volumes of worker and beat pods, beside a temporary one at /tmp."""
    volume_mounts: VolumeMounts = ()
    """Where workers and beat see the volumes. Their root file system is read-only."""
    broker: Broker
    result_backend: ResultBackend | None = None
    replicas: int | None = Field(default=None, ge=0, le=10000)
    """Worker pods of the scale target. Written by `kubectl scale`, a HorizontalPodAutoscaler or KEDA; left
    out, the group's own replicas count. Set it once before an autoscaler targets the resource: reading
    the scale subresource needs a value.
    """
    scale_target: GroupName | None = None
    """Name of the group that spec.replicas moves; left out, the first of workers."""
    workers: Annotated[
        tuple[WorkerGroup, ...],
        Field(min_length=1, max_length=50, json_schema_extra=rules.keyed("name")),
    ]
    """The worker groups, 1 to 50."""
    beat: Beat = Beat()
    health: Health = Health()
    suspend: bool = False
    """Whether to stop all workers and beat, and keep everything else. Running tasks get their grace
    period.
    """

    @property
    def scale_target_group(self) -> str:
        """The group that ``kubectl scale`` and autoscalers move."""
        return self.scale_target or self.workers[0].name

    def replicas_of(self, group: WorkerGroup) -> int:
        """How many pods the group should have by the spec alone; with autoscaling it is the least."""
        if self.suspend:
            return 0
        if group.autoscaling is not None:
            return group.autoscaling.min_replicas
        if self.replicas is not None and group.name == self.scale_target_group:
            return self.replicas
        return DEFAULT_REPLICAS if group.replicas is None else group.replicas


__all__ = [
    "DEFAULT_CONCURRENCY",
    "DEFAULT_REPLICAS",
    "Beat",
    "Broker",
    "CeleryDeploymentSpec",
    "Health",
    "ManagedRedis",
    "PodPart",
    "RestartPolicy",
    "ResultBackend",
    "SecretKeyReference",
    "UrlSource",
    "WorkerGroup",
]
