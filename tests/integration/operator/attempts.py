"""Requests with the operator's token, for tests of what the API server refuses it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from celery_operator.api import names
from celery_operator.kinds import POD, Kind
from tests.integration.api.apiserver import MERGE, Answer, ApiServer, Object
from tests.integration.operator.world import World

COST = names.ANNOTATION_DELETION_COST
POD_SPEC = {"automountServiceAccountToken": False, "containers": [{"name": "worker", "image": "shop:1"}]}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
DRY = "?dryRun=All"


@dataclass
class Attempts:
    """Requests with the operator's token. A dry run passes admission and changes nothing."""

    world: World
    api: ApiServer
    pod: str

    def create(
        self, kind: Kind, name: str, metadata: Mapping[str, Any] | None = None, **content: Any
    ) -> Answer:
        head = {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"name": name, **(metadata or {})},
        }
        return self.api.request("POST", kind.path(self.world.namespace) + DRY, {**head, **content})

    def patch(self, kind: Kind, name: str, change: Mapping[str, Any]) -> Answer:
        path = kind.path(self.world.namespace, name) + DRY
        return self.api.request("PATCH", path, change, content_type=MERGE)

    def delete(self, kind: Kind, name: str) -> Answer:
        return self.api.request("DELETE", kind.path(self.world.namespace, name) + DRY)

    def evict(self, pod: str, **preconditions: str) -> Answer:
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod},
            "deleteOptions": {"preconditions": preconditions} if preconditions else {},
        }
        return self.api.request("POST", POD.path(self.world.namespace, pod, "eviction") + DRY, body)


def metadata_of(owner: Object, **changes: Any) -> Object:
    """What the operator writes into the head of an owned object."""
    reference = {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    labels = {names.LABEL_MANAGED_BY: names.MANAGED_BY, names.LABEL_INSTANCE: owner["metadata"]["name"]}
    return {"labels": labels, "ownerReferences": [reference], **changes}


def deployment(labels: Mapping[str, str], replicas: int = 1) -> Object:
    template = {"metadata": {"labels": labels}, "spec": POD_SPEC}
    return {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}


def stateful_set() -> Object:
    return {**deployment({"of": "shop"}), "serviceName": ""}


def is_refused(answer: Answer) -> bool:
    return answer.status in {403, 422} and "ValidatingAdmissionPolicy" in answer.message
