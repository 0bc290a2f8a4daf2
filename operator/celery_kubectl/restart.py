"""A restart on purpose: ask the operator for it, and wait until every pod is a new one."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from celery_kubectl.kubectl import GROUP, Kubectl, KubectlError, Object
from celery_kubectl.resource import RESTARTED_AT, Resource, annotate, read

BEAT = "beat"
DONE = "all pods are new"
POLL_SECONDS = 1.0

Say = Callable[[str], None]


def restart(kubectl: Kubectl, name: str, groups: Sequence[str]) -> dict[str, str]:
    """Ask for it. No group means all of them, and beat.

    Returns:
        The annotations that were set: the pods' templates will have the same.

    Raises:
        KubectlError: there is no such resource or group, or it is refused.
    """
    resource = read(kubectl, name)
    _check(resource, groups)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    keys = [f"{RESTARTED_AT}.{group}" for group in groups] or [RESTARTED_AT]
    marks = dict.fromkeys(keys, now)
    annotate(kubectl, resource, *(f"{key}={value}" for key, value in marks.items()))
    return marks


def wait(kubectl: Kubectl, name: str, marks: Mapping[str, str], seconds: float, say: Say) -> bool:
    """Follow the rollout, a line for each change; False if it is not done in time.

    Raises:
        KubectlError: the Deployments cannot be read.
    """
    end = time.monotonic() + seconds
    told: dict[str, str] = {}
    while True:
        resource = read(kubectl, name)
        progress = _progress(kubectl, resource, marks)
        for part, words in progress.items():
            if told.get(part) != words:
                say(f"{part}: {words}")
        told = progress
        if all(words == DONE for words in progress.values()):
            return True
        if time.monotonic() + POLL_SECONDS > end:
            for words in _hindrances(resource):
                say(words)
            return False
        time.sleep(POLL_SECONDS)


def _check(resource: Resource, groups: Collection[str]) -> None:
    known = [str(group["name"]) for group in resource.groups]
    for group in groups:
        if group not in known:
            hint = " Beat restarts with all groups: leave --group out." if group == BEAT else ""
            raise KubectlError(
                f"{resource.name} has no worker group {group!r}: there are {', '.join(known)}.{hint}"
            )


def _progress(kubectl: Kubectl, resource: Resource, marks: Mapping[str, str]) -> dict[str, str]:
    """How far each group, and beat, is."""
    selector = f"app.kubernetes.io/managed-by=celery-operator,app.kubernetes.io/instance={resource.name}"
    found = kubectl.json("get", "deployments.apps", f"--namespace={resource.namespace}", "-l", selector)
    by_part = {_part_of(deployment): deployment for deployment in found["items"]}
    return {part: _how_far(by_part.get(part), marks) for part in _parts(resource, marks)}


def _parts(resource: Resource, marks: Mapping[str, str]) -> Iterator[str]:
    everything = RESTARTED_AT in marks
    for group in resource.groups:
        if everything or f"{RESTARTED_AT}.{group['name']}" in marks:
            yield str(group["name"])
    if everything and resource.has_beat:
        yield BEAT


def _part_of(deployment: Object) -> str:
    labels = deployment["metadata"]["labels"]
    return str(labels.get(f"{GROUP}/group") or labels.get("app.kubernetes.io/component"))


def _how_far(deployment: Object | None, marks: Mapping[str, str]) -> str:
    if deployment is None:
        return "has no Deployment yet"
    annotations = deployment["spec"]["template"]["metadata"].get("annotations") or {}
    if not any(annotations.get(key) == value for key, value in marks.items()):
        return "the operator has not begun yet"
    wanted: int = deployment["spec"].get("replicas", 1)
    status: Mapping[str, Any] = deployment.get("status") or {}
    seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    updated = status.get("updatedReplicas", 0)
    settled = updated == status.get("replicas", 0) == status.get("availableReplicas", 0) == wanted
    if seen and settled:
        return DONE
    return f"{updated if seen else 0} of {wanted} pods are new"


def _hindrances(resource: Resource) -> Iterator[str]:
    """Why the operator may not get on."""
    for condition in resource.status.get("conditions") or ():
        if condition.get("type") == "Stalled" and condition.get("status") == "True":
            yield f"{resource.name} is stalled: {condition.get('message', '')}"
