"""Reads Kubernetes manifests from a file or from standard input: YAML or JSON, several documents, Lists."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import click
import yaml

from celery_health.exit_codes import ExitCode
from celery_kubectl.kubectl import Object

MOST_CHARACTERS = 8 * 1024**2
"""In all documents together. The rendered manifests of a large chart are below 1 MiB."""
MOST_VALUES = 1_000_000
"""In all documents together, each as often as an alias repeats it."""

MOST_DEPTH = 100

_PLAIN = (str, int, float, bool, type(None))


class ManifestError(click.ClickException):
    """The manifests cannot be read. The message is one line that says why and what to do."""

    exit_code = ExitCode.USAGE


# 10:30 is a number of base 60 in YAML 1.1, and text for the API server.
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """As the API server reads YAML: dates and times are text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML has it as an attribute of the class
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """The tag of a node that names none."""
        if kind is yaml.ScalarNode and implicit[0] and _BASE_60.fullmatch(value):
            return "tag:yaml.org,2002:str"
        return super().resolve(kind, value, implicit)


def read_manifests(source: Path | TextIO) -> list[Object]:
    """The objects of all documents, in their order. A List stands for its items.

    Each object consists of dicts, lists, text, numbers, booleans and None, and shares nothing with another.

    Raises:
        ManifestError: the source cannot be read, is too large, is not YAML, or has no objects.
    """
    name = str(source) if isinstance(source, Path) else "standard input"
    text = _text(source, name)
    try:
        _check_depth(text, name)
        documents = _plain_copy(list(yaml.load_all(text, _Loader)), name, _Budget())
    except yaml.MarkedYAMLError as error:
        raise ManifestError(_not_yaml(error, text, name)) from None
    except (yaml.YAMLError, ValueError) as error:
        raise ManifestError(f"{name} is not valid YAML: {' '.join(str(error).split())}.") from None
    except RecursionError:
        raise ManifestError(_too_large(name)) from None
    objects = [
        item
        for number, document in enumerate(documents, 1)
        if document is not None
        for item in _objects(document, f"{name}: document {number}")
    ]
    if not objects:
        raise ManifestError(
            f"{name} has no Kubernetes object: write manifests, such as a Deployment, into it."
        )
    return objects


def _text(source: Path | TextIO, name: str) -> str:
    try:
        if isinstance(source, Path):
            with source.open(encoding="utf-8-sig") as file:
                text = file.read(MOST_CHARACTERS + 1)
        else:
            text = source.read(MOST_CHARACTERS + 1)
    except FileNotFoundError:
        raise ManifestError(
            f"There is no file {name}: write the path of a file with manifests, or - for standard input."
        ) from None
    except IsADirectoryError:
        raise ManifestError(f"{name} is a folder: write the path of a file with manifests.") from None
    except OSError as error:
        raise ManifestError(f"{name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ManifestError(f"{name} is not a text in UTF-8: write manifests as YAML or JSON.") from None
    if len(text) > MOST_CHARACTERS:
        raise ManifestError(_too_large(name))
    return text


def _check_depth(text: str, name: str) -> None:
    """Before anything is built: libyaml's loader in C follows brackets until its stack overflows."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MOST_DEPTH:
            raise ManifestError(_too_large(name))


class _Budget:
    """Counts the values that are left."""

    def __init__(self) -> None:
        self.left = MOST_VALUES

    def spend(self) -> bool:
        """Whether one more value is allowed."""
        self.left -= 1
        return self.left >= 0


def _plain_copy(value: Any, name: str, budget: _Budget) -> Any:
    """A copy that shares no parts. An alias of itself spends the whole budget."""
    if not budget.spend():
        raise ManifestError(_too_large(name))
    if isinstance(value, dict):
        if odd := [key for key in value if not isinstance(key, str)]:
            raise ManifestError(f"{name} has a key that is not text: write {odd[0]!r} in quotes.")
        return {key: _plain_copy(one, name, budget) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain_copy(one, name, budget) for one in value]
    if not isinstance(value, _PLAIN):
        raise ManifestError(
            f"{name} has a value of type {type(value).__name__}: write it as text, in quotes."
        )
    return value


def _objects(document: Any, place: str) -> Iterator[Object]:
    if (
        not isinstance(document, dict)
        or not _is_text(document, "kind")
        or not _is_text(document, "apiVersion")
    ):
        raise ManifestError(f"{place} is not a Kubernetes object: write apiVersion and kind into it.")
    items = document.get("items")
    if document["kind"].endswith("List") and isinstance(items, list):
        for number, item in enumerate(items, 1):
            yield from _objects(item, f"{place}, item {number}")
        return
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not (
        _is_text(metadata, "name") or _is_text(metadata, "generateName")
    ):
        raise ManifestError(f"{place} ({document['kind']}) has no name: write metadata with a name into it.")
    yield document


def _is_text(value: Object, key: str) -> bool:
    return isinstance(value.get(key), str) and bool(value[key])


def _not_yaml(error: yaml.MarkedYAMLError, text: str, name: str) -> str:
    if "{{" in text:
        return f"{name} is a template, not a manifest: render it, such as with `helm template`, and use that."
    mark = error.problem_mark or error.context_mark
    place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{name} is not valid YAML{place}: {error.problem or error.context}."


def _too_large(name: str) -> str:
    return (
        f"{name} is too large or too deeply nested: write only the manifests that are needed into a file of "
        f"at most {MOST_CHARACTERS // 1024**2} MiB."
    )
