"""All owned objects of a CeleryDeployment, in the order in which they are applied."""

from collections.abc import Iterator, Mapping

from celery_operator.api.annotations import restart_annotations
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.beat_deployment import beat_deployment
from celery_operator.resources.generated_secrets import GeneratedSecrets, monitor_secret, probe_secret
from celery_operator.resources.managed_redis import redis_deployment, redis_service
from celery_operator.resources.monitor_deployment import monitor_deployment
from celery_operator.resources.monitor_parts import monitor_service, monitor_volume_claim
from celery_operator.resources.ownership import Manifest, ResourceIdentity
from celery_operator.resources.pod import NO_ANNOTATIONS
from celery_operator.resources.service_account import service_account
from celery_operator.resources.settings import ObjectSettings
from celery_operator.resources.worker_deployment import worker_deployment


def owned_objects(
    cd: ResourceIdentity,
    spec: CeleryDeploymentSpec,
    settings: ObjectSettings,
    secrets: GeneratedSecrets,
    *,
    replicas: Mapping[str, int],
    annotations: Mapping[str, str] = NO_ANNOTATIONS,
) -> tuple[Manifest, ...]:
    """Everything that a spec asks for: an owned object that exists and is not among these is deleted.

    ``secrets`` are to be kept for the life of the resource. ``replicas`` are worker pods by group.
    ``annotations`` are the resource's own: those that ask for a restart go onto the pods.
    """
    return tuple(_objects(cd, spec, settings, secrets, replicas=replicas, annotations=annotations))


def _objects(
    cd: ResourceIdentity,
    spec: CeleryDeploymentSpec,
    settings: ObjectSettings,
    secrets: GeneratedSecrets,
    *,
    replicas: Mapping[str, int],
    annotations: Mapping[str, str],
) -> Iterator[Manifest]:
    if spec.service_account_name is None:
        yield service_account(cd)
    yield probe_secret(cd, secrets.probe)
    if spec.broker.managed is not None:
        yield redis_service(cd)
        yield redis_deployment(cd, spec, spec.broker.managed)
    for group in spec.workers:
        restart = restart_annotations(annotations, group.name)
        number = replicas[group.name]
        yield worker_deployment(cd, spec, group, settings, replicas=number, annotations=restart)
    if spec.beat.enabled:
        yield beat_deployment(cd, spec, settings, restart_annotations(annotations, None))
    if spec.monitor.enabled:
        yield from _monitor_objects(cd, spec, settings, secrets)


def _monitor_objects(
    cd: ResourceIdentity, spec: CeleryDeploymentSpec, settings: ObjectSettings, secrets: GeneratedSecrets
) -> Iterator[Manifest]:
    yield monitor_secret(cd, secrets.monitor)
    database = spec.monitor.database
    if database is not None and database.storage is not None:
        yield monitor_volume_claim(cd, database.storage)
    yield monitor_service(cd)
    yield monitor_deployment(cd, spec, settings)
