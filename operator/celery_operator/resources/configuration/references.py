"""The Secrets and ConfigMaps behind the variables of a pod, and a mark of their values.

The mark is an annotation of the pods: a new mark is a rollout. Files of volumes do not count, because the
kubelet updates them in a running pod.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from celery_operator.kinds import CONFIG_MAP, SECRET, Json, Kind, Reference
from celery_operator.resources.fingerprint import short_digest

Data = Mapping[str, str]
Values = Mapping[Reference, Data | None]
"""What the objects hold, None for an object that does not exist. What could not be read is left out."""

_SOURCES: tuple[tuple[Kind, str, str], ...] = (
    (SECRET, "secretKeyRef", "secretRef"),
    (CONFIG_MAP, "configMapKeyRef", "configMapRef"),
)


@dataclass(frozen=True, slots=True, order=True)
class Variable:
    """One source of variables. ``key`` is empty for all keys of the object."""

    plural: str
    name: str
    key: str
    optional: bool

    @property
    def reference(self) -> Reference:
        """The object."""
        return (SECRET if self.plural == SECRET.plural else CONFIG_MAP), self.name


def variables_of(template: Json) -> tuple[Variable, ...]:
    """The sources of the variables of all containers of a pod template, each once.

    What has the wrong shape is no source: the API server says what is wrong with it.
    """
    spec = template.get("spec") or {}
    containers = [*_dicts(spec.get("initContainers")), *_dicts(spec.get("containers"))]
    return tuple(sorted({found for container in containers for found in _of_container(container)}))


def mark_of(variables: tuple[Variable, ...], values: Values, secret: str) -> str | None:
    """The mark, or None where a value is not known now: a missing object comes, or is about to come back.

    The first half depends on what is read, the second on the values. ``secret`` is the key of the second, so
    that the mark does not help to guess a value.
    """
    found: list[tuple[str, str, str, Data]] = []
    for one in variables:
        if one.reference not in values:
            return None
        data = values[one.reference] or {}
        if one.key:
            data = {one.key: data[one.key]} if one.key in data else {}
        if not one.optional and (values[one.reference] is None or (one.key and not data)):
            return None
        found.append((one.plural, one.name, one.key, data))
    sources = [(one.plural, one.name, one.key, one.optional) for one in variables]
    return f"{_digest(sources)}.{_digest(found, secret)}"


def same_sources(mark: str, other: str) -> bool:
    """Whether two marks are of the same sources, and differ in values at most."""
    return mark.partition(".")[0] == other.partition(".")[0]


def _of_container(container: Json) -> Iterator[Variable]:
    for kind, key_reference, reference in _SOURCES:
        for variable in _dicts(container.get("env")):
            source = (variable.get("valueFrom") or {}).get(key_reference)
            if isinstance(source, dict) and source.get("name") and source.get("key"):
                yield _variable(kind, source, str(source["key"]))
        for whole in _dicts(container.get("envFrom")):
            source = whole.get(reference)
            if isinstance(source, dict) and source.get("name"):
                yield _variable(kind, source, "")


def _variable(kind: Kind, source: Json, key: str) -> Variable:
    return Variable(kind.plural, str(source["name"]), key, bool(source.get("optional")))


def _dicts(items: object) -> list[Json]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _digest(what: object, secret: str = "") -> str:
    text = json.dumps(what, sort_keys=True, separators=(",", ":"))
    return short_digest(text, secret)
