"""What the requests of the monitor's users change in the resource, and why a request is refused.

The change is what ``kubectl celery`` and ``kubectl scale`` write: an annotation, or a number of replicas. In
the same patch, an annotation remembers the ids, so that a request is never carried out twice: not when the
operator restarts before it has reported the outcome, and not when the patch meets a change of somebody else.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from celery_health.verdicts.text import counted, is_or_are, listed
from celery_health.wire.group_requests import GroupAction, GroupRequest, Outcome
from celery_operator.api.annotations import pause_annotation, read_annotations, restart_annotation
from celery_operator.api.names import ANNOTATION_MONITOR_REQUESTS, ANNOTATION_PAUSE_HEALING
from celery_operator.api.spec import CeleryDeploymentSpec, WorkerGroup
from celery_operator.decide.times import rfc3339

REMEMBERED = 50
"""Ids that the annotation keeps: more than can come before the outcome of the first is reported."""


@dataclass(frozen=True, slots=True)
class GroupChanges:
    """``patch`` is a merge patch of the resource, None where nothing changes. One outcome for each request.

    ``applied``: the ids of the requests that the patch carries out.
    """

    patch: Mapping[str, Any] | None
    outcomes: tuple[Outcome, ...]
    applied: frozenset[str]


def group_changes(
    resource: Mapping[str, Any], spec: CeleryDeploymentSpec, requests: Sequence[GroupRequest], now: datetime
) -> GroupChanges:
    """What to change in this state of the resource. ``spec`` is its spec, read."""
    change = _Change(resource, spec, now)
    outcomes = tuple(change.outcome(request) for request in requests)
    return GroupChanges(change.patch(), outcomes, frozenset(change.applied))


class _Change:
    def __init__(self, resource: Mapping[str, Any], spec: CeleryDeploymentSpec, now: datetime) -> None:
        self._metadata, self._spec, self._now = resource["metadata"], spec, now
        self._written = resource["spec"]
        self._before: Mapping[str, str] = self._metadata.get("annotations") or {}
        self._annotations: dict[str, str | None] = {}
        self._replicas: dict[str, int] = {}
        self._remembered = self._before.get(ANNOTATION_MONITOR_REQUESTS, "").split()
        self.applied: list[str] = []

    def outcome(self, request: GroupRequest) -> Outcome:
        """Note what the request changes; what became of it."""
        if request.id in self._remembered or request.id in self.applied:
            return Outcome(id=request.id, done=True, message="It is done.")
        group = next((one for one in self._spec.workers if one.name == request.group), None)
        if group is None:
            names = [one.name for one in self._spec.workers]
            there = f"there {is_or_are(len(names))} {listed(names)}"
            return _refused(request, f"The resource has no worker group of this name: {there}.")
        if refusal := self._refusal(request, group):
            return _refused(request, refusal)
        self.applied.append(request.id)
        return Outcome(id=request.id, done=True, message=self._apply(request, group))

    def patch(self) -> dict[str, Any] | None:
        """A merge patch that fails where the resource has changed since it was read."""
        if not self.applied:
            return None
        ids = [*self._remembered, *self.applied][-REMEMBERED:]
        annotations = {**self._annotations, ANNOTATION_MONITOR_REQUESTS: " ".join(ids)}
        metadata = {"resourceVersion": self._metadata["resourceVersion"], "annotations": annotations}
        return {"metadata": metadata, **({"spec": self._spec_patch()} if self._replicas else {})}

    def _refusal(self, request: GroupRequest, group: WorkerGroup) -> str:
        """Why the request is not carried out, and what to do instead; empty if it is."""
        match request.action:
            case GroupAction.PAUSE:
                return ""
            case GroupAction.RESUME:
                paused = read_annotations(self._before, ()).healing_paused
                place = f"{self._metadata['name']} -n {self._metadata['namespace']}"
                return (
                    "Healing of the whole resource is paused, not of the group alone: remove the annotation "
                    f"{ANNOTATION_PAUSE_HEALING} with `kubectl celery resume {place}`."
                    if paused
                    else ""
                )
            case GroupAction.RESTART:
                return _SUSPENDED if self._spec.suspend else ""
            case GroupAction.SCALE:
                if group.autoscaling is not None:
                    return (
                        f"Group {group.name} follows its load: change minReplicas and maxReplicas in its "
                        "autoscaling instead, or remove autoscaling."
                    )
                return _SUSPENDED if self._spec.suspend else ""
        assert_never(request.action)

    def _apply(self, request: GroupRequest, group: WorkerGroup) -> str:
        """Note the change; what it does, in a sentence."""
        match request.action:
            case GroupAction.PAUSE:
                self._annotations[pause_annotation(group.name)] = "true"
                return f"Healing of group {group.name} is paused."
            case GroupAction.RESUME:
                self._annotations[pause_annotation(group.name)] = None
                return f"Healing of group {group.name} is resumed."
            case GroupAction.RESTART:
                self._annotations[restart_annotation(group.name)] = rfc3339(self._now)
                return f"A rollout replaces the pods of group {group.name}."
            case GroupAction.SCALE:
                assert request.replicas is not None
                self._replicas[group.name] = request.replicas
                return f"Group {group.name} gets {counted(request.replicas, 'pod')}."
        assert_never(request.action)

    def _spec_patch(self) -> dict[str, Any]:
        """The number of the scale target is that of /scale. Other groups have their own."""
        target, patch = self._spec.scale_target_group, {}
        if target in self._replicas:
            patch["replicas"] = self._replicas[target]
        others = {name: number for name, number in self._replicas.items() if name != target}
        if others:
            # A merge patch replaces a list as a whole.
            workers = copy.deepcopy(self._written["workers"])
            for one in workers:
                if one["name"] in others:
                    one["replicas"] = others[one["name"]]
            patch["workers"] = workers
        return patch


_SUSPENDED = "The resource is suspended, so that it has no workers: set spec.suspend to false first."


def _refused(request: GroupRequest, message: str) -> Outcome:
    return Outcome(id=request.id, done=False, message=message)
