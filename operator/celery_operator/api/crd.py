"""The CustomResourceDefinition, generated from the models: ``python -m celery_operator.api.crd``.

Run it in the repository's root after a change of the models: it writes ``crds/``, the chart's copy and
``docs/reference/resource.md``. In ``crds/`` there is also a JSON Schema, with which editors complete and
check manifests.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from celery_operator.api import names, rules
from celery_operator.api.reference import reference
from celery_operator.api.schema import structural_schema
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.api.status import CeleryDeploymentStatus

CRD_PATH = Path("crds/celerydeployments.yaml")
CHART_PATH = Path("charts/celery-operator/files/celerydeployments.yaml")
EDITOR_PATH = Path("crds/celerydeployments.schema.json")
REFERENCE_PATH = Path("docs/reference/resource.md")

_COLUMNS = (
    ("Health", "string", ".status.health", 0),
    ("Ready", "string", ".status.ready", 0),
    ("Backlog", "integer", ".status.backlog", 0),
    ("Active", "integer", ".status.active", 0),
    ("Beat", "string", ".status.beat.state", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
    ("Broker", "string", ".status.broker.state", 1),
    ("Monitor", "string", '.status.conditions[?(@.type=="MonitorReady")].status', 1),
    ("Restarts", "integer", ".status.restarts.total", 1),
    ("Message", "string", ".status.message", 1),
    ("Image", "string", ".spec.image", 1),
)


def custom_resource_definition() -> dict[str, Any]:
    """The manifest, as ``kubectl apply`` takes it."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names.PLURAL}.{names.GROUP}"},
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": names.KIND,
                "listKind": f"{names.KIND}List",
                "plural": names.PLURAL,
                "singular": names.KIND.lower(),
                "shortNames": ["celeryd"],
                "categories": ["celery"],
            },
            "versions": [_version()],
        },
    }


def _version() -> dict[str, Any]:
    return {
        "name": names.VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _object_schema()},
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
        },
        "additionalPrinterColumns": [
            {"name": name, "type": kind, "jsonPath": path, "priority": priority}
            for name, kind, path, priority in _COLUMNS
        ],
    }


def _object_schema() -> dict[str, Any]:
    return {
        "description": "Celery workers, and optionally beat and a broker, that the operator runs.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural_schema(CeleryDeploymentSpec, defaults=True),
            "status": structural_schema(CeleryDeploymentStatus, defaults=False),
        },
        "x-kubernetes-validations": list(rules.NAME),
    }


def editor_schema() -> dict[str, Any]:
    """The resource as a JSON Schema, without its status, which only the operator writes."""
    schema = _for_editors(_object_schema())
    known = {"apiVersion": {"const": names.API_VERSION}, "kind": {"const": names.KIND}}
    properties = {**schema["properties"], **known, "metadata": {"type": "object"}}
    del properties["status"]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **schema,
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": properties,
    }


def _for_editors(node: dict[str, Any]) -> dict[str, Any]:
    """A part of the schema, where an unknown field is an error unless it may be anything."""
    open_ended = node.get("x-kubernetes-preserve-unknown-fields", False)
    out = {
        key: value for key, value in node.items() if not key.startswith("x-kubernetes-") and key != "format"
    }
    if "properties" in node:
        out["properties"] = {name: _for_editors(child) for name, child in node["properties"].items()}
    for part in ("items", "additionalProperties"):
        if isinstance(node.get(part), dict):
            out[part] = _for_editors(node[part])
    if "properties" in node and "additionalProperties" not in node and not open_ended:
        out["additionalProperties"] = False
    return out


class _Dumper(yaml.SafeDumper):
    """Writes lists indented, and repeats a value rather than pointing at it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def crd_text() -> str:
    """The manifest as YAML."""
    head = (
        "# Generated by `python -m celery_operator.api.crd` from operator/celery_operator/api. Do not edit.\n"
    )
    return head + yaml.dump(
        custom_resource_definition(), Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True
    )


def generated_files() -> dict[Path, str]:
    """Every generated file, by its path below the repository's root."""
    return {
        CRD_PATH: crd_text(),
        CHART_PATH: crd_text(),
        EDITOR_PATH: json.dumps(editor_schema(), indent=2, ensure_ascii=False) + "\n",
        REFERENCE_PATH: reference(_object_schema()),
    }


def main() -> int:
    """Write the generated files below the working directory."""
    for path, text in generated_files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
