"""NetworkPolicies for the flows that exist: to the sidecars, and to the managed Redis."""

from collections.abc import Iterator, Sequence
from typing import Any

from celery_health.wire import names as wire
from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.ownership import (
    Manifest,
    ResourceIdentity,
    labels,
    owned_object,
    redis_name,
)
from celery_operator.resources.parts.redis_address import REDIS_PORT
from celery_operator.resources.settings import ObjectSettings

Peer = dict[str, Any]


def network_policies(
    cd: ResourceIdentity, spec: CeleryDeploymentSpec, settings: ObjectSettings
) -> Iterator[Manifest]:
    """Those that the spec asks for, or else the operator's settings. Probes of the kubelet get through.

    None closes a sidecar that the operator reaches through the API server only.
    """
    wanted = spec.network_policies
    if settings.sidecars_reached_by_pods and (settings.network_policies if wanted is None else wanted):
        yield _sidecars(cd, settings)
    if spec.broker.managed is not None and wanted is not False:
        yield _redis(cd, settings)


def _sidecars(cd: ResourceIdentity, settings: ObjectSettings) -> Manifest:
    """Workers and beat serve nothing but their sidecar: to the operator, and its metrics to Prometheus."""
    celery = {
        "key": names.LABEL_COMPONENT,
        "operator": "In",
        "values": [names.COMPONENT_WORKER, names.COMPONENT_BEAT],
    }
    selector = {"matchLabels": labels(cd), "matchExpressions": [celery]}
    peers = [*settings.operator_peers, *settings.metrics_peers]
    return _policy(cd, f"{cd.name}-sidecars", labels(cd), selector, port=wire.PORT, peers=peers)


def _redis(cd: ResourceIdentity, settings: ObjectSettings) -> Manifest:
    """Its own namespace, where tasks are sent as well, and the operator."""
    of_redis = labels(cd, names.COMPONENT_REDIS)
    peers: list[Peer] = [{"podSelector": {}}, *settings.operator_peers]
    return _policy(cd, redis_name(cd), of_redis, {"matchLabels": of_redis}, port=REDIS_PORT, peers=peers)


def _policy(
    cd: ResourceIdentity,
    name: str,
    object_labels: dict[str, str],
    selector: dict[str, Any],
    *,
    port: int,
    peers: Sequence[Peer],
) -> Manifest:
    # A rule without peers would allow all of them.
    rules = [{"from": list(peers), "ports": [{"port": port, "protocol": "TCP"}]}] if peers else []
    return {
        **owned_object(cd, "networking.k8s.io/v1", "NetworkPolicy", name, object_labels),
        "spec": {"podSelector": selector, "policyTypes": ["Ingress"], "ingress": rules},
    }
