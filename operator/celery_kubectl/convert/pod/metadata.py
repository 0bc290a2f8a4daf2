"""Labels and annotations of the pods, and selectors that name them."""

from collections.abc import Mapping
from typing import Any

from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.fields import part, parts
from celery_kubectl.convert.workload import Workload

_OF_TOOLS = ("app.kubernetes.io/", "helm.sh/", "pod-template-hash")
_CHANGES = ("checksum/", "kubectl.kubernetes.io/restartedAt")


def carried_metadata(workload: Workload, draft: Draft, about: Draft) -> None:
    """Labels that select nothing, and annotations."""
    metadata = part(workload.template, "metadata")
    selecting = workload.selector
    labels = {
        key: value
        for key, value in workload.pod_labels.items()
        if key not in selecting and not key.startswith(_OF_TOOLS)
    }
    annotations = {
        key: value for key, value in part(metadata, "annotations").items() if not key.startswith(_CHANGES)
    }
    draft.put(labels, "template", "metadata", "labels")
    draft.put(annotations, "template", "metadata", "annotations")
    if any(key.startswith("checksum/") for key in part(metadata, "annotations")):
        about.remark(
            "Annotations with a checksum are left out. The operator replaces pods when a ConfigMap or Secret "
            "in env, envFrom or urlFrom changes, but not when one changes that is a volume: then run "
            "`kubectl celery restart`.",
            "env",
        )


def reselected(value: Any, workload: Workload, new_labels: Mapping[str, str]) -> Any:
    """Affinity and spread constraints that name the pods themselves, by the labels of the new pods."""
    if isinstance(value, list):
        return [reselected(one, workload, new_labels) for one in value]
    if not isinstance(value, dict):
        return value
    own = part(part(value, "labelSelector"), "matchLabels")
    if own and own.items() <= workload.pod_labels.items():
        selector = {**value["labelSelector"], "matchLabels": dict(new_labels)}
        value = {**value, "labelSelector": selector}
    return {key: reselected(one, workload, new_labels) for key, one in value.items()}


def foreign_expressions(value: Any, workload: Workload) -> list[str]:
    """Labels of the old pods that matchExpressions name. They are not rewritten."""
    if isinstance(value, list):
        return [key for one in value for key in foreign_expressions(one, workload)]
    if not isinstance(value, dict):
        return []
    found = [key for one in value.values() for key in foreign_expressions(one, workload)]
    expressions = parts(part(value, "labelSelector"), "matchExpressions")
    return found + [str(one.get("key")) for one in expressions if one.get("key") in workload.pod_labels]
