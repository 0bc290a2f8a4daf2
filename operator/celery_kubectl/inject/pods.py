"""The pod in a document, wherever its kind has it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from celery_kubectl.inject.errors import InjectError
from celery_kubectl.kubectl import GROUP, Object

# In a CronJob; in KEDA's ScaledJob; in a Deployment, StatefulSet, Job and most other kinds; in a
# PodTemplate; in a Pod.
_PATHS = (
    ("spec", "jobTemplate", "spec", "template", "spec"),
    ("spec", "jobTargetRef", "template", "spec"),
    ("spec", "template", "spec"),
    ("template", "spec"),
    ("spec",),
)

# What is read of a pod and of its containers: lists of objects with the key of each.
_POD_LISTS = {"initContainers": "name", "containers": "name", "volumes": "name"}
_CONTAINER_LISTS = {"env": "name", "volumeMounts": "mountPath"}


@dataclass(frozen=True, slots=True)
class PodPlace:
    """A document with a pod in it, such as a Deployment."""

    document: Object
    path: tuple[str, ...]

    @property
    def name(self) -> str:
        """``metadata.name``, or the beginning of a generated name."""
        metadata = self.document["metadata"]
        return str(metadata.get("name") or metadata.get("generateName"))

    @property
    def title(self) -> str:
        """How messages name the document."""
        return f"{self.document['kind']} {self.name}"

    @property
    def pod(self) -> Object:
        """The ``spec`` of the pod."""
        spec: Object = _at(self.document, self.path)
        return spec

    @property
    def is_owned(self) -> bool:
        """Whether the operator made the document: it has the sidecar already, and the operator writes it."""
        owners = self.document["metadata"].get("ownerReferences") or ()
        return any(str(_at(owner, ("apiVersion",))).startswith(f"{GROUP}/") for owner in owners)

    def with_pod(self, pod: Object) -> Object:
        """The document with another pod in it."""
        return _replaced(self.document, self.path, pod)


def pod_place(document: Object) -> PodPlace | None:
    """Where the document has a pod; None if it has none.

    Raises:
        InjectError: the pod has a field of the wrong type.
    """
    for path in _PATHS:
        spec = _at(document, path)
        if isinstance(spec, dict) and spec.get("containers"):
            place = PodPlace(document, path)
            for field in _wrong(spec):
                raise InjectError(
                    f"{place.title}: {'.'.join(path)}.{field} is not what a pod has: correct it."
                )
            return place
    return None


def _wrong(spec: Object) -> Iterator[str]:
    """The fields with values of the wrong type."""
    lists = [field for field, key in _POD_LISTS.items() if not _is_list(spec.get(field), key)]
    yield from lists
    if not lists:
        for container in spec["containers"]:
            name = f"containers[{container['name']}]"
            yield from (
                f"{name}.{field}"
                for field, key in _CONTAINER_LISTS.items()
                if not _is_list(container.get(field), key)
            )
            if not isinstance(container.get("lifecycle") or {}, dict):
                yield f"{name}.lifecycle"


def _is_list(found: Any, key: str) -> bool:
    return found is None or (
        isinstance(found, list)
        and all(isinstance(one, dict) and isinstance(one.get(key), str) for one in found)
    )


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _replaced(document: Object, path: tuple[str, ...], pod: Object) -> Object:
    if not path:
        return pod
    return {**document, path[0]: _replaced(document[path[0]], path[1:], pod)}
