"""The spec of a CeleryDeployment. crds/ is generated from these models: a docstring is a description."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from celery_operator.api import rules
from celery_operator.api.base import ApiModel
from celery_operator.api.monitor import Monitor
from celery_operator.api.parts.beat import Beat
from celery_operator.api.parts.flower import Flower
from celery_operator.api.parts.managed_redis import ManagedRedis
from celery_operator.api.podparts import (
    EnvFrom,
    Environment,
    PodPart,
    PullSecrets,
    Resources,
    VolumeMounts,
    Volumes,
)
from celery_operator.api.references import Image, ObjectName, UrlSource
from celery_operator.api.workers.group import DEFAULT_CONCURRENCY, GroupName, WorkerGroup

DEFAULT_REPLICAS = 1

QueuePattern = Annotated[
    str, Field(min_length=1, max_length=255, json_schema_extra=rules.checked(*rules.QUEUE))
]
MasterName = Annotated[
    str, Field(min_length=1, max_length=255, json_schema_extra=rules.checked(*rules.MASTER_NAME))
]


class Broker(ApiModel):
    """The message broker. Write exactly one of url, urlFrom and managed. The workers get the URL as
    CELERY_BROKER_URL, which takes precedence over the application's own configuration.
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
    """URL of RabbitMQ's management API, such as http://rabbitmq:15672. With it the operator sees queues
    without consumers, unacknowledged messages and alarms. The user and password are those of the broker's
    URL.
    """
    master_name: MasterName | None = None
    """Name of the master, for Sentinels (sentinel://). The application has it as master_name in its
    broker_transport_options: Celery refuses it in the URL. Without this field the operator cannot read the
    queues.
    """


class ManagedResults(ApiModel):
    """Keep the results in the managed Redis of spec.broker, in its database 1. Write {}."""


class ResultBackend(ApiModel):
    """Where results go. Write exactly one of url, urlFrom and managed. The workers get the URL as
    CELERY_RESULT_BACKEND, which takes precedence over the application's own configuration. Without this field
    the application decides.
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
    managed: ManagedResults | None = None
    master_name: MasterName | None = None
    """Name of the master, for Sentinels (sentinel://). The application has it as master_name in its
    result_backend_transport_options.
    """


class Probe(ApiModel):
    """What the operator adds to the pods of workers and beat: the agent's init container and the sidecar."""

    resources: Resources = Field(default_factory=dict)
    """Requests and limits of both containers. They are merged over requests of 10m cpu and 48Mi memory, and a
    limit of 96Mi memory. A namespace with a quota on limits.cpu needs a limit here: limits: {cpu: 200m}.
    """


class RestartPolicy(ApiModel):
    """When and how fast unhealthy workers are restarted. No worker is restarted because of the broker."""

    model_config = ConfigDict(json_schema_extra=rules.checked(*rules.RESTART))

    policy: Literal["OnUnhealthy", "Never"] = "OnUnhealthy"
    """OnUnhealthy: the kubelet restarts wedged, deaf and pool-dead workers through their liveness probe, and
    the operator evicts stalled ones. Never: no worker is restarted; the status reports the verdicts.
    """
    delay_seconds: int = Field(default=5, ge=0, le=3600)
    """Minimum number of seconds between two evictions in one group."""
    max_attempts: int = Field(default=3, ge=1, le=20)
    """Maximum number of evictions in one group within windowSeconds."""
    window_seconds: int = Field(default=120, ge=10, le=86400)
    """Length of that window. An eviction that has not helped after this time has failed. The operator then
    evicts no worker of the group for as long again. Each further failure doubles this pause, up to one hour.
    """
    max_concurrent: int = Field(default=1, ge=1, le=20)
    """Maximum number of replaced workers of one group that may be recovering at a time, once the first has
    recovered.
    """
    hung_tasks: bool = False
    """Whether a worker with a hung task is restarted too. The task is killed when gracePeriodSeconds end."""


class Health(ApiModel):
    """Thresholds of the verdicts, and how unhealthy workers are restarted."""

    backlog_threshold: int = Field(default=1000, ge=1, le=1_000_000_000)
    """Number of ready messages in a queue above which the resource is Degraded."""
    stalled_after_seconds: int = Field(default=60, ge=10, le=86400)
    """A worker with free slots that has fetched none of the waiting messages for this number of seconds is
    stalled.
    """
    memory_warning_percent: int = Field(default=90, ge=50, le=100)
    """Percentage of its memory limit from which a worker makes the resource Degraded. The page cache does not
    count. With 100, the warning comes too late: the kernel kills the process at the
    same moment.
    """
    hung_task_after_seconds: int | None = Field(default=None, ge=1, le=31_536_000)
    """Seconds after which an active task counts as hung. Without this field only a task beyond its own time
    limit counts as hung.
    """
    ignore_queues: Annotated[
        tuple[QueuePattern, ...],
        Field(max_length=50, json_schema_extra={"x-kubernetes-list-type": "set"}),
    ] = ()
    """Queues that are unread by design. * stands for any characters. No verdict counts their messages."""
    restart: RestartPolicy = RestartPolicy()
    poison_tasks: Literal["Report", "Quarantine"] = "Report"
    """What happens to a task that kills its workers. Report: the verdict PoisonTask names it. Quarantine: the
    workers also move its message to the queue NAME.dead-letter instead of running it again.
    """


class CeleryDeploymentSpec(ApiModel):
    """The desired state."""

    model_config = ConfigDict(json_schema_extra=rules.checked(*rules.SPEC))

    app: Annotated[str, Field(min_length=1, max_length=253, json_schema_extra=rules.checked(*rules.APP))]
    """The Celery application, as in `celery -A`: a module such as shop.celery, or module:attribute."""
    image: Image
    """Image of workers and beat: Python, Celery and the application."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    """When to pull the image. By default Kubernetes decides: Always for the tag latest, otherwise
    IfNotPresent.
    """
    image_pull_secrets: PullSecrets = ()
    """Secrets for the image's registry."""
    service_account_name: ObjectName | None = None
    """ServiceAccount of the pods. By default the operator creates one named NAME-celery without permissions.
    """
    run_as_user: int | None = Field(default=None, ge=1, le=4_294_967_294)
    """Number of the user that workers and beat run as. Needed for an image whose USER is a name, because the
    kubelet does not know whether that user is root. By default the image's USER counts, or the cluster
    decides.
    """
    env: Environment = ()
    """Environment variables of workers and beat. CELERY_BROKER_URL and CELERY_RESULT_BACKEND come from
    broker and resultBackend.
    """
    env_from: EnvFrom = ()
    """ConfigMaps and Secrets whose keys become environment variables of workers and beat. When a value
    changes, the pods that read it are replaced, one group after the other.
    """
    volumes: Volumes = ()
    """Volumes of worker and beat pods, in addition to a temporary one at /tmp."""
    volume_mounts: VolumeMounts = ()
    """Mounts of these volumes in workers and beat. Their root file system is read-only."""
    broker: Broker
    result_backend: ResultBackend | None = None
    replicas: int | None = Field(default=None, ge=0, le=10000)
    """Number of worker pods of the scale target. `kubectl scale`, a HorizontalPodAutoscaler or KEDA write it.
    Without this field the group's own replicas count. Set it once before an autoscaler targets the resource:
    reading the scale subresource needs a value.
    """
    scale_target: GroupName | None = None
    """Name of the group that spec.replicas scales. The default is the first of workers."""
    workers: Annotated[
        tuple[WorkerGroup, ...],
        Field(min_length=1, max_length=50, json_schema_extra=rules.keyed("name")),
    ]
    """The worker groups, 1 to 50."""
    beat: Beat = Beat()
    monitor: Monitor = Monitor()
    flower: Flower = Flower()
    health: Health = Health()
    probe: Probe = Probe()
    network_policies: bool | None = None
    """Whether NetworkPolicies admit only the operator and the readers of metrics to the sidecars, and only
    the pods of the namespace and the operator to the managed Redis. The default is a setting of the operator
    (networkPolicies.enabled in the chart). The managed Redis has its policy unless this is false.
    """
    suspend: bool = False
    """Whether to stop all workers and beat, and keep everything else. Workers drain first:
    drainTimeoutSeconds and gracePeriodSeconds apply.
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
    "WorkerGroup",
]
