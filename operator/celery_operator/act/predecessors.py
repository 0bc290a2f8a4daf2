"""Deployments of earlier versions, whose pods have to end before the StatefulSet of the same name starts.

Beat and the managed Redis were Deployments once. Two beats would send every task twice, and two Redis behind
one Service would split the queues.
"""

from dataclasses import dataclass
from typing import Any

from celery_operator.api import names
from celery_operator.cache import Cache, Key
from celery_operator.kinds import DEPLOYMENT, POD, STATEFUL_SET, Json, Kind
from celery_operator.resources.ownership import is_owned


@dataclass(frozen=True, slots=True)
class Predecessor:
    """What is still there. ``deployment``: its metadata, None when only pods are left."""

    deployment: dict[str, Any] | None


def find_predecessor(cache: Cache, owner: Key, uid: str, kind: Kind, body: Json) -> Predecessor | None:
    """The predecessor of a desired object; None where there is none, or none any more."""
    if kind is not STATEFUL_SET:
        return None
    name = body["metadata"]["name"]
    deployment = cache.get(DEPLOYMENT, Key(owner.namespace, name))
    if deployment is not None and is_owned(deployment, uid):
        return Predecessor(deployment["metadata"])
    if cache.get(STATEFUL_SET, Key(owner.namespace, name)) is not None:
        return None
    component = body["metadata"]["labels"][names.LABEL_COMPONENT]
    others = (pod for pod in cache.owned(POD, owner) if _may_run(pod, component, except_for=f"{name}-0"))
    return Predecessor(None) if next(others, None) else None


def _may_run(pod: Json, component: str, *, except_for: str) -> bool:
    metadata = pod["metadata"]
    return (
        metadata["labels"].get(names.LABEL_COMPONENT) == component
        and metadata["name"] != except_for
        and pod["status"].get("phase") not in {"Succeeded", "Failed"}
    )
