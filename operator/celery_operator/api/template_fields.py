"""Which fields of a pod template the operator's administrator lets resources set."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_FIELD = re.compile(r"(metadata|spec)(\.[a-zA-Z]+)+")
# What identifies the item of a list.
_KEYS = frozenset({"name", "mountPath"})

_CONTAINER = (
    "env",
    "envFrom",
    "resources",
    "volumeMounts",
    "startupProbe",
    "livenessProbe",
    "readinessProbe",
)
# Those of the Pod Security Standard "restricted".
_VOLUMES = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
RESTRICTED = (
    "metadata.annotations",
    "metadata.labels",
    "spec.affinity",
    "spec.nodeSelector",
    "spec.terminationGracePeriodSeconds",
    "spec.tolerations",
    "spec.topologySpreadConstraints",
    *(f"spec.containers.{field}" for field in _CONTAINER),
    *(f"spec.volumes.{source}" for source in _VOLUMES),
)
"""What changes neither who a pod is nor what it may do on its node."""


@dataclass(frozen=True, slots=True)
class TemplateFields:
    """``allowed`` are fields with all that is in them; None allows every field."""

    allowed: tuple[str, ...] | None = None

    def refused(self, template: Mapping[str, Any]) -> tuple[str, ...]:
        """The fields of a template that are not allowed, each once."""
        if self.allowed is None:
            return ()
        return tuple(dict.fromkeys(self._refused(template, "")))

    def _refused(self, value: Mapping[str, Any], place: str) -> Iterator[str]:
        for key, inner in value.items():
            field = f"{place}.{key}" if place else key
            assert self.allowed is not None
            if field in self.allowed:
                continue
            items = inner if isinstance(inner, list) else [inner]
            if not self._leads_on(field) or not all(isinstance(item, Mapping) for item in items):
                yield field
                continue
            for item in items:
                yield from self._refused(_without_keys(item) if isinstance(inner, list) else item, field)

    def _leads_on(self, field: str) -> bool:
        assert self.allowed is not None
        return any(one.startswith(f"{field}.") for one in self.allowed)


def _without_keys(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in _KEYS}


ALL_FIELDS = TemplateFields()


def parse_fields(text: str) -> TemplateFields:
    """``all``, ``restricted``, or fields with commas between them. Raises ValueError."""
    if text == "all":
        return ALL_FIELDS
    if text == "restricted":
        return TemplateFields(RESTRICTED)
    fields = tuple(part.strip() for part in text.split(",") if part.strip())
    for field in fields:
        if not _FIELD.fullmatch(field):
            raise ValueError(
                f"{field!r} is not a field of a pod template: write all, restricted, or fields such as "
                "metadata.labels,spec.nodeSelector"
            )
    return TemplateFields(fields)
