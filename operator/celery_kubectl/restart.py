"""Requests a restart from the operator, and follows its rollout until all pods are new."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from celery_health.verdicts.text import part_is
from celery_kubectl.kubectl import GROUP, Kubectl, Object
from celery_kubectl.resource import RESTARTED_AT, Resource, annotate, check_groups, read

BEAT = "beat"
# A group is a Deployment, beat is a StatefulSet.
KINDS = "deployments.apps,statefulsets.apps"
DONE = "all pods are new"
POLL_SECONDS = 1.0

Print = Callable[[str], None]


def restart(kubectl: Kubectl, name: str, groups: Sequence[str]) -> dict[str, str]:
    """Request a restart of the groups, or of all groups and beat if none is given.

    Returns:
        The annotations of the request. The operator copies them into the pod templates.

    Raises:
        KubectlError: the resource or a group does not exist, or the request is refused.
    """
    resource = read(kubectl, name)
    check_groups(resource, groups, {BEAT: " To restart beat, leave out --group."})
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    keys = [f"{RESTARTED_AT}.{group}" for group in groups] or [RESTARTED_AT]
    annotations = dict.fromkeys(keys, now)
    annotate(kubectl, resource, *(f"{key}={value}" for key, value in annotations.items()))
    return annotations


def wait(kubectl: Kubectl, name: str, annotations: Mapping[str, str], seconds: float, echo: Print) -> bool:
    """Print a line for each change of the rollout. False if the rollout is not done after ``seconds``.

    Raises:
        KubectlError: the owned objects cannot be read.
    """
    end = time.monotonic() + seconds
    printed: dict[str, str] = {}
    while True:
        resource = read(kubectl, name)
        progress = _progress(kubectl, resource, annotations)
        for part, text in progress.items():
            if printed.get(part) != text:
                echo(f"{part}: {text}")
        printed = progress
        if all(text == DONE for text in progress.values()):
            return True
        if time.monotonic() + POLL_SECONDS > end:
            for text in _obstacles(resource):
                echo(text)
            return False
        time.sleep(POLL_SECONDS)


def _progress(kubectl: Kubectl, resource: Resource, annotations: Mapping[str, str]) -> dict[str, str]:
    """The progress of each group, and of beat."""
    selector = f"app.kubernetes.io/managed-by=celery-operator,app.kubernetes.io/instance={resource.name}"
    found = kubectl.json("get", KINDS, f"--namespace={resource.namespace}", "-l", selector)
    by_part = {_part_of(owned): owned for owned in found["items"]}
    return {part: _state(by_part.get(part), annotations) for part in _parts(resource, annotations)}


def _parts(resource: Resource, annotations: Mapping[str, str]) -> Iterator[str]:
    everything = RESTARTED_AT in annotations
    for group in resource.groups:
        if everything or f"{RESTARTED_AT}.{group['name']}" in annotations:
            yield str(group["name"])
    if everything and resource.has_beat:
        yield BEAT


def _part_of(owned: Object) -> str:
    labels = owned["metadata"]["labels"]
    return str(labels.get(f"{GROUP}/group") or labels.get("app.kubernetes.io/component"))


def _state(owned: Object | None, requested: Mapping[str, str]) -> str:
    if owned is None:
        return "does not exist yet"
    annotations = owned["spec"]["template"]["metadata"].get("annotations") or {}
    if not any(annotations.get(key) == value for key, value in requested.items()):
        return "waiting for the operator"
    desired: int = owned["spec"].get("replicas", 1)
    status: Mapping[str, Any] = owned.get("status") or {}
    observed = status.get("observedGeneration", 0) >= owned["metadata"]["generation"]
    updated = status.get("updatedReplicas", 0) if observed else 0
    settled = updated == status.get("replicas", 0) == status.get("availableReplicas", 0) == desired
    if observed and settled:
        return DONE
    return f"{part_is(updated, desired, 'pod')} new"


def _obstacles(resource: Resource) -> Iterator[str]:
    """Why the operator may not be able to continue."""
    for condition in resource.status.get("conditions") or ():
        if condition.get("type") == "Stalled" and condition.get("status") == "True":
            yield f"{resource.name} is stalled: {condition.get('message', '')}"
