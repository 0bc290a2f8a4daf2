"""The Deployment of the monitor: one pod, without access to the API server."""

from collections.abc import Iterator
from typing import Any

from celery_operator.api import names
from celery_operator.api.alert_rules import AlertRules
from celery_operator.api.monitor import Monitor, MonitorAccess, MonitorDatabase
from celery_operator.api.references import SecretKeyReference
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.alerts_file import (
    ALERTS_FILE,
    ALERTS_FOLDER,
    alerts_annotations,
    alerts_volume,
)
from celery_operator.resources.environment import EnvVar, connections, from_secret, literal
from celery_operator.resources.overlay import laid_over
from celery_operator.resources.ownership import (
    Manifest,
    ResourceIdentity,
    labels,
    monitor_name,
    owned_object,
)
from celery_operator.resources.pod import (
    POD_SECURITY,
    TMP_MOUNT,
    TMP_VOLUME,
    account_fields,
)
from celery_operator.resources.settings import ObjectSettings
from celery_probe.pod import CONTAINER_SECURITY

MONITOR_PORT = 8555

_UID = 1000
# Always changing the modes of a volume's files would open to the group what the monitor keeps to itself.
_USER = {
    "runAsUser": _UID,
    "runAsGroup": _UID,
    "fsGroup": _UID,
    "fsGroupChangePolicy": "OnRootMismatch",
}
_DATA = "/data"
_TOKENS_FOLDER = "/tokens"
_TOKENS_FILE = "tokens"
_RESOURCES = {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}

# The monitor writes what it has in memory before it ends.
_GRACE_PERIOD_SECONDS = 20


def monitor_deployment(
    cd: ResourceIdentity, spec: CeleryDeploymentSpec, settings: ObjectSettings
) -> Manifest:
    """The Deployment.

    SQLite has one writer, so the old pod is gone before the new one starts. PostgreSQL takes two monitors,
    and no event is missed while one replaces the other.
    """
    object_labels = labels(cd, names.COMPONENT_MONITOR)
    metadata: Manifest = {"labels": object_labels}
    if spec.monitor.alerts is not None:
        metadata["annotations"] = alerts_annotations(spec.monitor.alerts)
    template = laid_over({"metadata": metadata, "spec": _pod_spec(cd, spec, settings)}, spec.monitor.template)
    # The selector needs its labels whatever the user's template says.
    template = laid_over(template, {"metadata": {"labels": object_labels}})
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    return {
        **owned_object(cd, "apps/v1", "Deployment", monitor_name(cd), object_labels),
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": object_labels},
            "strategy": {"type": "Recreate"} if _keeps_own_history(spec.monitor) else rolling,
            "template": template,
        },
    }


def _keeps_own_history(monitor: Monitor) -> bool:
    return monitor.database is None or monitor.database.storage is not None


def _pod_spec(cd: ResourceIdentity, spec: CeleryDeploymentSpec, settings: ObjectSettings) -> dict[str, Any]:
    return {
        **account_fields(cd, spec),
        # Variables of Services could be taken for the monitor's own, such as CELERY_MONITOR_PORT.
        "enableServiceLinks": False,
        "securityContext": {**POD_SECURITY, **(_USER if settings.fixed_user_ids else {})},
        "terminationGracePeriodSeconds": _GRACE_PERIOD_SECONDS,
        "containers": [_container(cd, spec, settings)],
        "volumes": [TMP_VOLUME, *_volumes(cd, spec.monitor)],
    }


def _container(cd: ResourceIdentity, spec: CeleryDeploymentSpec, settings: ObjectSettings) -> dict[str, Any]:
    monitor, prefix = spec.monitor, spec.monitor.url_prefix or ""
    mounts = [{"name": name, "mountPath": path} for name, path in _mounts(monitor).items()]
    return {
        "name": names.MONITOR_CONTAINER,
        **_image(monitor, settings),
        "env": [*connections(cd, spec), *_environment(cd, spec, settings)],
        "ports": [{"name": "http", "containerPort": MONITOR_PORT, "protocol": "TCP"}],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        # A migration of a large history takes a while.
        "startupProbe": {**_get(f"{prefix}/healthz"), "periodSeconds": 1, "failureThreshold": 300},
        "livenessProbe": {**_get(f"{prefix}/healthz"), "periodSeconds": 10, "failureThreshold": 3},
        "readinessProbe": {**_get(f"{prefix}/readyz"), "periodSeconds": 5, "failureThreshold": 2},
        "resources": monitor.resources or _RESOURCES,
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [TMP_MOUNT, *mounts],
    }


def _image(monitor: Monitor, settings: ObjectSettings) -> dict[str, Any]:
    if monitor.image is not None:
        return {"image": monitor.image}
    return {"image": settings.monitor_image, "imagePullPolicy": settings.monitor_image_pull_policy}


def _environment(
    cd: ResourceIdentity, spec: CeleryDeploymentSpec, settings: ObjectSettings
) -> Iterator[EnvVar]:
    """The monitor's options. Those that have a default of the monitor's own are left out."""
    monitor, generated = spec.monitor, monitor_name(cd)
    yield from _database(monitor.database)
    yield _option("host", "0.0.0.0")  # noqa: S104 - the pod's own
    yield _option("port", str(MONITOR_PORT))
    if monitor.url_prefix:
        yield _option("url_prefix", monitor.url_prefix)
    yield _option("retention_days", str(monitor.retention.days))
    yield _option("retention_tasks", str(monitor.retention.tasks))
    # Worker names are GROUP@POD: other applications on the same broker have other pods.
    yield _option("backlog_threshold", str(spec.health.backlog_threshold))
    if spec.broker.management_url is not None:
        yield _option("management_url", spec.broker.management_url)
    if spec.broker.master_name is not None:
        yield _option("master_name", spec.broker.master_name)
    if spec.health.ignore_queues:
        # A variable gives several values with blanks in between, and ? stands for any character.
        yield _option("ignore_queue", ",".join(name.replace(" ", "?") for name in spec.health.ignore_queues))
    yield _option("workers_pattern", f"*@{cd.name}-*")
    for option, key in (
        ("token", names.TOKEN_KEY),
        ("push_token", names.PUSH_TOKEN_KEY),
        ("session_secret", names.SESSION_SECRET_KEY),
    ):
        yield from_secret(_variable(option), SecretKeyReference(name=generated, key=key))
    yield from _access(monitor.access)
    if monitor.alerts is not None:
        yield _option("alerts_file", f"{ALERTS_FOLDER}/{ALERTS_FILE}")
        if monitor.alerts.page_url is not None:
            yield _option("page_url", monitor.alerts.page_url)
    yield from _alert_rules(settings.alerts)
    yield _option("log_format", "json")


def _database(database: MonitorDatabase | None) -> Iterator[EnvVar]:
    if database is not None and database.url_from is not None:
        yield from_secret("DATABASE_URL", database.url_from.secret_key_ref)
    elif database is not None and database.url is not None:
        yield {"name": "DATABASE_URL", "value": literal(database.url)}
    else:
        yield {"name": "DATABASE_URL", "value": f"sqlite:///{_DATA}/history.sqlite3"}
    if database is not None and database.schema_name is not None:
        yield _option("database_schema", database.schema_name)


def _alert_rules(alerts: AlertRules) -> Iterator[EnvVar]:
    if alerts.changed:
        yield _option("alert_rules", alerts.changed)
    if alerts.runbook_url:
        yield _option("runbook_url", alerts.runbook_url)


def _access(access: MonitorAccess) -> Iterator[EnvVar]:
    if access.tokens_from is not None:
        yield _option("token_file", f"{_TOKENS_FOLDER}/{_TOKENS_FILE}")
    if access.jwt is not None:
        if access.jwt.secret_from is not None:
            yield from_secret(_variable("jwt_secret"), access.jwt.secret_from.secret_key_ref)
        for name, value in (
            ("jwt_jwks_url", access.jwt.jwks_url),
            ("jwt_issuer", access.jwt.issuer),
            ("jwt_audience", access.jwt.audience),
            ("jwt_role_claim", access.jwt.role_claim),
        ):
            if value is not None:
                yield _option(name, value)
    if access.public_metrics:
        yield _option("metrics_public", "true")
    if access.trusted_proxies:
        yield _option("proxy", ",".join(access.trusted_proxies))


def _mounts(monitor: Monitor) -> dict[str, str]:
    mounts = {"data": _DATA} if _keeps_own_history(monitor) else {}
    if monitor.access.tokens_from is not None:
        mounts["tokens"] = _TOKENS_FOLDER
    if monitor.alerts is not None:
        mounts["alerts"] = ALERTS_FOLDER
    return mounts


def _volumes(cd: ResourceIdentity, monitor: Monitor) -> Iterator[dict[str, Any]]:
    if monitor.database is not None and monitor.database.storage is not None:
        yield {"name": "data", "persistentVolumeClaim": {"claimName": monitor_name(cd)}}
    elif monitor.database is None:
        yield {"name": "data", "emptyDir": {"sizeLimit": "5Gi"}}
    if monitor.access.tokens_from is not None:
        reference = monitor.access.tokens_from.secret_key_ref
        items = [{"key": reference.key, "path": _TOKENS_FILE}]
        yield {
            "name": "tokens",
            "secret": {"secretName": reference.name, "items": items, "defaultMode": 0o440},
        }
    if monitor.alerts is not None:
        yield alerts_volume(monitor.alerts)


def _option(name: str, value: str) -> EnvVar:
    return {"name": _variable(name), "value": literal(value)}


def _variable(option: str) -> str:
    return f"CELERY_MONITOR_{option.upper()}"


def _get(path: str) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": MONITOR_PORT}, "timeoutSeconds": 5}
