"""Holds a document that a program wrote to the contract, in both directions."""

import json
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from celery_health.wire.documents import Format

T = TypeVar("T", bound=msgspec.Struct)


def read_exact(format_: Format[T], data: bytes) -> T:
    """Read a document, and check that its keys are exactly the fields of its type."""
    check_keys(format_.type, json.loads(data), format_.name)
    return format_.decode(data)


def check_keys(type_: type, document: Any, path: str) -> None:
    """Check the keys of a document, and of every object below it."""
    _check(inspect.type_info(type_), document, path)


def _check(type_: inspect.Type, value: Any, path: str) -> None:
    match type_:
        case inspect.StructType() if isinstance(value, dict):
            fields = {field.encode_name: field.type for field in type_.fields}
            assert set(value) == set(fields), (path, set(value) ^ set(fields))
            for name, inner in fields.items():
                _check(inner, value[name], f"{path}.{name}")
        case inspect.VarTupleType() if isinstance(value, list):
            for number, entry in enumerate(value):
                _check(type_.item_type, entry, f"{path}[{number}]")
        case inspect.UnionType():
            for part in type_.types:
                _check(part, value, path)
