"""The environment of a container, as far as manifests say it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from celery_kubectl.command_line.words import expanded
from celery_kubectl.convert.fields import part, parts, text
from celery_kubectl.kubectl import Object

REFERENCE = re.compile(r"\$\(([^()]+)\)")


@dataclass(frozen=True, slots=True)
class Configuration:
    """ConfigMaps and Secrets of the namespace that are known."""

    config_maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Their data by name."""
    secret_keys: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The keys of Secrets by name, never a value."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that the manifests have."""

    text: str


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key of a Secret."""

    secret: str
    key: str


@dataclass(frozen=True, slots=True)
class Composed:
    """A text with references to variables whose values are not known."""

    text: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A source that was not read, such as a ConfigMap."""

    description: str


Value = Literal | SecretKey | Composed | Elsewhere


class Variables:
    """The variables of one container: those of ``env`` win over those of ``envFrom``."""

    def __init__(self, container: Object, configuration: Configuration) -> None:
        self.entries = [*_each_once(container)]
        self.sources: list[Object] = parts(container, "envFrom")
        self._container = container
        self._configuration = configuration
        self._values: dict[str, Value] = dict(self._from_sources())
        for entry in self.entries:
            self._values[entry["name"]] = self._value(entry)

    def __getitem__(self, name: str) -> Value | None:
        return self._values.get(name)

    def with_entries(self, entries: Iterable[tuple[str, str]]) -> "Variables":
        """These variables, and others that win over them."""
        more = [{"name": name, "value": value} for name, value in entries]
        if not more:
            return self
        env = [*parts(self._container, "env"), *more]
        return Variables({**self._container, "env": env}, self._configuration)

    @property
    def names(self) -> list[str]:
        """All names that are known."""
        return list(self._values)

    @property
    def unread(self) -> list[str]:
        """The ConfigMaps and Secrets of ``envFrom`` whose keys are not known."""
        unread = []
        for source in self.sources:
            for kind, known in self._known_sources().items():
                name = text(part(source, kind), "name")
                if name and name not in known:
                    unread.append(f"{'ConfigMap' if kind == 'configMapRef' else 'Secret'} {name}")
        return unread

    def literal(self, name: str) -> str | None:
        """The value, if the manifests have it."""
        value = self[name]
        return value.text if isinstance(value, Literal) else None

    def _known_sources(self) -> dict[str, Mapping[str, Any]]:
        return {
            "configMapRef": self._configuration.config_maps,
            "secretRef": self._configuration.secret_keys,
        }

    def _from_sources(self) -> Iterator[tuple[str, Value]]:
        for source in self.sources:
            prefix = text(source, "prefix")
            config_map = text(part(source, "configMapRef"), "name")
            secret = text(part(source, "secretRef"), "name")
            for key, value in self._configuration.config_maps.get(config_map, {}).items():
                yield prefix + key, Literal(value)
            for key in self._configuration.secret_keys.get(secret, ()):
                yield prefix + key, SecretKey(secret, key)

    def _value(self, entry: Object) -> Value:
        origin = part(entry, "valueFrom")
        if not origin:
            value = expanded(str(entry.get("value") or ""), self.literal)
            return Composed(value) if REFERENCE.search(value) else Literal(value)
        if secret := part(origin, "secretKeyRef"):
            return SecretKey(text(secret, "name"), text(secret, "key"))
        if config_map := part(origin, "configMapKeyRef"):
            name, key = text(config_map, "name"), text(config_map, "key")
            known = self._configuration.config_maps.get(name, {})
            return Literal(known[key]) if key in known else Elsewhere(f"key {key} of ConfigMap {name}")
        return Elsewhere(", ".join(origin))


def _each_once(container: Object) -> Iterator[Object]:
    """The last one of each name counts."""
    found: dict[str, Object] = {}
    for entry in parts(container, "env"):
        if isinstance(entry.get("name"), str):
            found.pop(entry["name"], None)
            value = entry.get("value")
            found[entry["name"]] = entry if value is None else {**entry, "value": str(value)}
    yield from found.values()
