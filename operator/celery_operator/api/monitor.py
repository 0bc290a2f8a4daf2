"""The monitor of a resource: ``spec.monitor``."""

from typing import Annotated

from pydantic import ConfigDict, Field

from celery_operator.api import monitor_rules as rules
from celery_operator.api.base import ApiModel
from celery_operator.api.monitor_alerts import MonitorAlerts
from celery_operator.api.podparts import PodTemplate, Quantity, Resources
from celery_operator.api.references import Image, ObjectName, SecretSource, UrlSource
from celery_operator.api.rules import checked


class MonitorStorage(ApiModel):
    """A volume for the history, in SQLite. The operator creates the PersistentVolumeClaim NAME-monitor. The
    claim stays when the monitor is switched off, and is deleted with the CeleryDeployment.
    """

    size: Quantity = "5Gi"
    """Size of the volume, such as 5Gi. 1,000,000 tasks take about 1 GiB. A larger size enlarges the volume if
    its storage class allows that.
    """
    storage_class_name: ObjectName | None = None
    """StorageClass of the volume. By default that of the cluster. It cannot be changed later."""


class MonitorDatabase(ApiModel):
    """Where the history is kept. Write exactly one of url, urlFrom and storage. Without database, the history
    is lost with the monitor's pod.
    """

    model_config = ConfigDict(json_schema_extra=checked(*rules.DATABASE))

    url: Annotated[str, Field(max_length=2048, json_schema_extra=checked(*rules.DATABASE_URL))] | None = None
    """URL of a PostgreSQL database, such as postgresql://postgres/celery. A URL with a password belongs in a
    Secret: urlFrom.
    """
    url_from: UrlSource | None = None
    """A Secret that holds the URL of the PostgreSQL database."""
    schema_name: (
        Annotated[str, Field(min_length=1, max_length=63, json_schema_extra=checked(*rules.SCHEMA_NAME))]
        | None
    ) = None
    """Schema of the tables in PostgreSQL. The default is automation."""
    storage: MonitorStorage | None = None


class MonitorRetention(ApiModel):
    """How much history is kept. The limit that keeps less counts."""

    days: int = Field(default=30, ge=1, le=3650)
    """Days after which finished tasks are deleted."""
    tasks: int = Field(default=1_000_000, ge=1000, le=1_000_000_000)
    """Maximum number of tasks."""


class MonitorJwt(ApiModel):
    """JSON Web Tokens that the monitor accepts. Write exactly one of secretFrom and jwksUrl."""

    model_config = ConfigDict(json_schema_extra=checked(*rules.JWT))

    secret_from: SecretSource | None = None
    """A Secret that holds the key of tokens signed with HS256: at least 32 characters."""
    jwks_url: Annotated[str, Field(max_length=2048, json_schema_extra=checked(*rules.JWKS_URL))] | None = None
    """URL of the issuer's public keys, for tokens signed with RS256 or ES256."""
    issuer: Annotated[str, Field(min_length=1, max_length=2048)] | None = None
    """Issuer (iss) that the tokens must have."""
    audience: Annotated[str, Field(min_length=1, max_length=2048)] | None = None
    """Audience (aud) that the tokens must have."""
    role_claim: Annotated[str, Field(min_length=1, max_length=253)] = "role"
    """Claim with the role: viewer, operator or admin."""


class MonitorAccess(ApiModel):
    """Who may use the monitor. The operator generates a token with the role admin, in the key token of the
    Secret NAME-monitor. The fields here add others.
    """

    tokens_from: SecretSource | None = None
    """A Secret that holds tokens: NAME ROLE TOKEN, one per line, with the role viewer, operator or admin."""
    jwt: MonitorJwt | None = None
    public_metrics: bool = False
    """Whether /metrics needs no token."""
    trusted_proxies: Annotated[
        tuple[
            Annotated[str, Field(min_length=1, max_length=64, json_schema_extra=checked(*rules.PROXY))], ...
        ],
        Field(max_length=32),
    ] = ()
    """Addresses or networks whose X-Forwarded headers the monitor believes, such as those of the ingress
    controller's pods.
    """


class Monitor(ApiModel):
    """celery-monitor: the history of all tasks, workers and queues, as an API and as metrics. It runs as one
    pod with a Service named NAME-monitor. Switching it on restarts no worker.
    """

    enabled: bool = False
    """Whether the monitor runs."""
    image: Image | None = None
    """Image of the monitor. The default is a setting of the operator (monitorImage in the chart)."""
    database: MonitorDatabase | None = None
    retention: MonitorRetention = MonitorRetention()
    url_prefix: (
        Annotated[str, Field(min_length=2, max_length=253, json_schema_extra=checked(*rules.URL_PREFIX))]
        | None
    ) = None
    """Path below which everything is served, such as /celery, for an ingress that does not remove it."""
    access: MonitorAccess = MonitorAccess()
    alerts: MonitorAlerts | None = None
    resources: Resources = Field(default_factory=dict)
    """Requests and limits of the monitor's container, as in a pod. By default it requests 50m of CPU and
    128Mi of memory, and has a memory limit of 512Mi.
    """
    template: PodTemplate = Field(default_factory=dict)
    """A pod template that is merged into the one that the operator builds, as the template of a worker group.
    The monitor's container is called monitor.
    """
