"""The generated files are those of the models, and their schema keeps the API server's rules."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from celery_operator.api.crd import custom_resource_definition, generated_files

ROOT = Path(__file__).parents[3]


def _nodes(path: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from _nodes(f"{path}.{name}", child)
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            yield from _nodes(f"{path}[]", schema[part])


def _nodes_of_the_object() -> list[tuple[str, dict[str, Any]]]:
    (version,) = custom_resource_definition()["spec"]["versions"]
    return list(_nodes("", version["schema"]["openAPIV3Schema"]))


@pytest.mark.parametrize("path", generated_files(), ids=str)
def test_a_generated_file_is_current(path: Path) -> None:
    current = (ROOT / path).read_text(encoding="utf-8")
    expected = generated_files()[path]
    assert current == expected, "run `python -m celery_operator.api.crd` in the repository's root"


def test_every_field_is_described() -> None:
    of_every_object = {".apiVersion", ".kind", ".metadata", ""}
    assert not [
        path
        for path, node in _nodes_of_the_object()
        if path not in of_every_object and not path.endswith("[]") and "description" not in node
    ]


def test_every_rule_says_what_to_write() -> None:
    rules = [rule for _, node in _nodes_of_the_object() for rule in node.get("x-kubernetes-validations", ())]
    assert rules
    assert not [rule for rule in rules if not {"write", "remove", "leave"} & set(rule["message"].split())]


def test_every_list_and_string_that_a_rule_reads_is_bounded() -> None:
    assert not [
        path
        for path, node in _nodes_of_the_object()
        if path.startswith(".spec")
        and "x-kubernetes-validations" in node
        and node.get("type") == "string"
        and "maxLength" not in node
    ]
    assert not [
        path
        for path, node in _nodes_of_the_object()
        if path.startswith(".spec") and node.get("type") == "array" and "maxItems" not in node
    ]


def test_nothing_that_a_structural_schema_forbids_is_left() -> None:
    forbidden = {"$ref", "$defs", "title", "const", "uniqueItems"}
    assert not [path for path, node in _nodes_of_the_object() if forbidden & node.keys()]
    assert not [
        path
        for path, node in _nodes_of_the_object()
        if "type" not in node and "x-kubernetes-int-or-string" not in node
    ]
