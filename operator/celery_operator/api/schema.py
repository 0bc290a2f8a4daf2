"""From a pydantic model to a structural schema of the API server (apiextensions v1)."""

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

_DROPPED = {"title", "$defs", "default", "discriminator", "exclusiveMinimum", "const"}


def structural_schema(model: type[BaseModel], *, defaults: bool) -> Schema:
    """The model's schema without references, titles and nulls.

    ``defaults`` says whether the API server fills in what is left out: so in a spec, never in a status.
    """
    raw = model.model_json_schema(by_alias=True)
    return _Converter(raw.get("$defs", {}), defaults=defaults).convert(raw)


class _Converter:
    def __init__(self, definitions: Schema, *, defaults: bool) -> None:
        self._definitions = definitions
        self._defaults = defaults

    def convert(self, node: Schema) -> Schema:
        node = self._resolve(node)
        out = {key: value for key, value in node.items() if key not in _DROPPED}
        if "description" in out:
            out["description"] = " ".join(out["description"].split())
        if "properties" in out:
            out["properties"] = {name: self.convert(child) for name, child in out["properties"].items()}
        if isinstance(out.get("items"), dict):
            out["items"] = self.convert(out["items"])
        if isinstance(out.get("additionalProperties"), bool):
            del out["additionalProperties"]
            out["x-kubernetes-preserve-unknown-fields"] = True
        if out.get("type") == "integer":
            out.setdefault("format", "int64")
        if not self._defaults:
            # A word that a newer operator adds must not be refused by an older definition.
            out.pop("enum", None)
        self._add_default(node, out)
        return dict(sorted(out.items(), key=_position))

    def _resolve(self, node: Schema) -> Schema:
        """Follow a reference and drop the null of an optional field; what stands beside them wins."""
        if "$ref" in node:
            target = self._definitions[node["$ref"].rpartition("/")[2]]
            return self._resolve({**target, **{key: value for key, value in node.items() if key != "$ref"}})
        branches = [branch for branch in node.get("anyOf", ()) if branch.get("type") == "null"]
        if branches:
            (kept,) = (branch for branch in node["anyOf"] if branch.get("type") != "null")
            beside = {key: value for key, value in node.items() if key != "anyOf"}
            return self._resolve({**kept, **beside})
        return node

    def _add_default(self, node: Schema, out: Schema) -> None:
        default = node.get("default")
        if not self._defaults or default is None or default == []:
            return
        # An object's own fields carry their defaults: an empty one is filled in by the API server.
        out["default"] = {} if isinstance(default, dict) else default


def _position(item: tuple[str, Any]) -> tuple[int, str]:
    order = ("description", "type", "format", "enum", "default", "required", "properties", "items")
    key = item[0]
    return (order.index(key) if key in order else len(order), key)
