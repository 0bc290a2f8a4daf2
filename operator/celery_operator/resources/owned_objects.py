"""All owned objects of a CeleryDeployment, in the order in which they are applied."""

from collections.abc import Iterator, Mapping

from celery_operator.api.annotations import restart_annotations
from celery_operator.api.parts.managed_redis import ManagedRedis
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.disruption_budget import disruption_budget
from celery_operator.resources.generated_secrets import (
    GeneratedSecrets,
    flower_secret,
    monitor_secret,
    probe_secret,
    redis_secret,
)
from celery_operator.resources.monitor_deployment import monitor_deployment
from celery_operator.resources.monitor_parts import monitor_service, monitor_volume_claim
from celery_operator.resources.network_policies import network_policies
from celery_operator.resources.ownership import Manifest, ResourceIdentity
from celery_operator.resources.parts.beat import beat_stateful_set, beat_volume_claim
from celery_operator.resources.parts.flower import flower_deployment, flower_service
from celery_operator.resources.parts.redis import redis_service, redis_stateful_set, redis_volume_claim
from celery_operator.resources.pod import NO_ANNOTATIONS, without_user_ids
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
        yield from _redis_objects(cd, spec, spec.broker.managed, settings, secrets)
    yield from network_policies(cd, spec, settings)
    for group in spec.workers:
        restart = restart_annotations(annotations, group.name)
        number = replicas[group.name]
        yield worker_deployment(cd, spec, group, settings, replicas=number, annotations=restart)
        if group.pod_disruption_budget is not None:
            yield disruption_budget(cd, group, group.pod_disruption_budget)
    if spec.beat.enabled:
        if spec.beat.storage is not None:
            yield beat_volume_claim(cd, spec.beat.storage)
        yield beat_stateful_set(cd, spec, settings, restart_annotations(annotations, None))
    if spec.monitor.enabled:
        yield from _monitor_objects(cd, spec, settings, secrets)
    if spec.flower.enabled:
        yield from _flower_objects(cd, spec, settings, secrets)


def _redis_objects(
    cd: ResourceIdentity,
    spec: CeleryDeploymentSpec,
    redis: ManagedRedis,
    settings: ObjectSettings,
    secrets: GeneratedSecrets,
) -> Iterator[Manifest]:
    yield redis_secret(cd, secrets.redis.value)
    if redis.volume is not None:
        yield redis_volume_claim(cd, redis.volume)
    yield redis_service(cd)
    stateful_set = redis_stateful_set(cd, spec, redis, secrets.redis.revision)
    yield stateful_set if settings.fixed_user_ids else without_user_ids(stateful_set)


def _monitor_objects(
    cd: ResourceIdentity, spec: CeleryDeploymentSpec, settings: ObjectSettings, secrets: GeneratedSecrets
) -> Iterator[Manifest]:
    yield monitor_secret(cd, secrets.monitor)
    database = spec.monitor.database
    if database is not None and database.storage is not None:
        yield monitor_volume_claim(cd, database.storage)
    yield monitor_service(cd)
    yield monitor_deployment(cd, spec, settings)


def _flower_objects(
    cd: ResourceIdentity, spec: CeleryDeploymentSpec, settings: ObjectSettings, secrets: GeneratedSecrets
) -> Iterator[Manifest]:
    if spec.flower.basic_auth_from is None:
        yield flower_secret(cd, secrets.flower)
    yield flower_service(cd)
    deployment = flower_deployment(cd, spec)
    yield deployment if settings.fixed_user_ids else without_user_ids(deployment)
