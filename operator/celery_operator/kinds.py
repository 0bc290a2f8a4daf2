"""The kinds of objects that the operator reads and writes, as the API server names them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from celery_operator.api import names

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object and where its objects live."""

    api_version: str
    kind: str
    plural: str

    def path(self, namespace: str | None, name: str | None = None, subresource: str | None = None) -> str:
        """The path of one object, or of a list: of a namespace, or of all with None."""
        root = "/apis/" if "/" in self.api_version else "/api/"
        parts = [root + self.api_version]
        if namespace is not None:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name is not None:
            parts.append(quote(name, safe=""))
        if subresource is not None:
            parts.append(subresource)
        return "/".join(parts)


Reference = tuple[Kind, str]
"""An object by kind and name, where its namespace is known."""

CELERY_DEPLOYMENT = Kind(names.API_VERSION, names.KIND, names.PLURAL)
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
STATEFUL_SET = Kind("apps/v1", "StatefulSet", "statefulsets")
REPLICA_SET = Kind("apps/v1", "ReplicaSet", "replicasets")
SERVICE = Kind("v1", "Service", "services")
SERVICE_ACCOUNT_KIND = Kind("v1", "ServiceAccount", "serviceaccounts")
POD = Kind("v1", "Pod", "pods")
SECRET = Kind("v1", "Secret", "secrets")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
VOLUME_CLAIM = Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
EVENT = Kind("events.k8s.io/v1", "Event", "events")
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")

DISRUPTION_BUDGET = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")

OWNED_KINDS = (DEPLOYMENT, STATEFUL_SET, SERVICE, SERVICE_ACCOUNT_KIND, NETWORK_POLICY, DISRUPTION_BUDGET)
"""Kinds that the operator creates, watches and deletes."""

KEPT_KINDS = (SECRET, VOLUME_CLAIM)
"""Kinds that the operator creates and reads by name. It never lists them, and deletes none: what they hold
cannot be made again. They go with their owner, except a claim that the spec wants to keep.
"""

OWNED_SELECTOR = f"{names.LABEL_MANAGED_BY}={names.MANAGED_BY}"
