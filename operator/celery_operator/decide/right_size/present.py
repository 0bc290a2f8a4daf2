"""The requests and limits that a group's workers have now."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from celery_operator.api.names import WORKER_CONTAINER
from celery_operator.api.spec import CeleryDeploymentSpec, WorkerGroup
from celery_operator.usage.quantities import quantity

REQUESTS, LIMITS = "requests", "limits"
MILLICORES = 1000


@dataclass(frozen=True, slots=True)
class PresentSize:
    """Bytes and millicores; None where the spec says nothing.

    ``in_template``: the template of the group has some of them.
    """

    memory_request: float | None
    memory_limit: float | None
    cpu_request: float | None
    cpu_limit: float | None
    concurrency: int
    in_template: bool

    @classmethod
    def of(cls, group: WorkerGroup) -> "PresentSize":
        """The template takes precedence over ``resources``, entry by entry."""
        template = _template_resources(group)

        def amount(kind: str, resource: str, factor: int) -> float | None:
            entries = {**_entries(group.resources, kind), **_entries(template, kind)}
            found = quantity(entries.get(resource, ""))
            return None if found is None else found * factor

        return cls(
            memory_request=amount(REQUESTS, "memory", 1),
            memory_limit=amount(LIMITS, "memory", 1),
            cpu_request=amount(REQUESTS, "cpu", MILLICORES),
            cpu_limit=amount(LIMITS, "cpu", MILLICORES),
            concurrency=group.slots,
            in_template=bool(template),
        )


def patch(
    spec: CeleryDeploymentSpec, group: str, resources: Mapping[tuple[str, str], str], concurrency: int | None
) -> str:
    """The JSON patch that sets these resources, by kind and name, and the concurrency.

    It changes nothing where the group has another place in the spec by then.
    """
    place, found = next((place, one) for place, one in enumerate(spec.workers) if one.name == group)
    path = f"/spec/workers/{place}"
    steps: list[dict[str, Any]] = [{"op": "test", "path": f"{path}/name", "value": group}]
    if resources:
        whole = dict(found.resources)
        for (kind, resource), value in resources.items():
            whole[kind] = {**_entries(whole, kind), resource: value}
        steps.append({"op": "add", "path": f"{path}/resources", "value": whole})
    if concurrency is not None:
        steps.append({"op": "add", "path": f"{path}/concurrency", "value": concurrency})
    return json.dumps(steps, separators=(",", ":"))


def _template_resources(group: WorkerGroup) -> Mapping[str, Any]:
    containers = _mapping(group.template.get("spec")).get("containers")
    for container in containers if isinstance(containers, list | tuple) else ():
        if _mapping(container).get("name") == WORKER_CONTAINER:
            return _mapping(_mapping(container).get("resources"))
    return {}


def _entries(resources: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    return _mapping(resources.get(kind))


def _mapping(value: Any) -> Mapping[str, Any]:
    """Templates and resources are as users wrote them."""
    return value if isinstance(value, Mapping) else {}
