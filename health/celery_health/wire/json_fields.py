"""The fields of a report, read from its JSON object by name and checked for their type.

Every function raises ReportError, which names the field, where it is missing or of another type.
"""

import json
import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class ReportError(ValueError):
    """The text is not a report of a version that we read."""


def parse_document(text: str | bytes) -> dict[str, Any]:
    """The JSON object of a report file, unread.

    Raises:
        ReportError: it is no JSON object.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReportError(f"The report is no JSON: {error}.") from error
    if not isinstance(document, dict):
        raise ReportError(f"The report is a JSON {type(document).__name__}, not an object.")
    return document


def value(document: Mapping[str, Any], name: str, wanted: type[T]) -> T:
    """A field of this type."""
    found = document.get(name)
    if _is(found, wanted):
        return found  # type: ignore[return-value]
    told = f"a {type(found).__name__}" if name in document else "missing"
    raise ReportError(f"In the report {name!r} is {told}, not a {wanted.__name__}.")


def each(document: Mapping[str, Any], name: str, wanted: type[T]) -> list[T]:
    """A list of values of one type."""
    values = value(document, name, list)
    if all(_is(entry, wanted) for entry in values):
        return values
    raise ReportError(f"In the report {name!r} is a list with something else than {wanted.__name__}.")


def optional(read: Callable[[Mapping[str, Any], str], T], document: Mapping[str, Any], name: str) -> T | None:
    """The field as ``read`` has it; None where it is null or missing."""
    return None if document.get(name) is None else read(document, name)


def text(document: Mapping[str, Any], name: str) -> str:
    """A string."""
    return value(document, name, str)


def flag(document: Mapping[str, Any], name: str) -> bool:
    """True or false."""
    return value(document, name, bool)


def count(document: Mapping[str, Any], name: str) -> int:
    """An integer that is not below 0."""
    found = value(document, name, int)
    if found < 0:
        raise ReportError(f"In the report {name!r} is {found}, below 0.")
    return found


def number(document: Mapping[str, Any], name: str) -> float:
    """A finite number."""
    found = document.get(name)
    # A NaN would compare as neither fresh nor stale.
    if isinstance(found, (int, float)) and not isinstance(found, bool) and math.isfinite(found):
        return float(found)
    raise ReportError(f"In the report {name!r} is no finite number.")


def member(document: Mapping[str, Any], name: str, words: type[E]) -> E:
    """One of these words."""
    found = text(document, name)
    try:
        return words(found)
    except ValueError:
        raise ReportError(f"In the report {name!r} is {found!r}, not one of {', '.join(words)}.") from None


def member_or(document: Mapping[str, Any], name: str, words: type[E], unknown: E) -> E:
    """One of these words; one that this release does not know says as much as none."""
    found = document.get(name)
    return next((word for word in words if word == found), unknown)


def _is(found: object, wanted: type) -> bool:
    # JSON's true is no number, though Python's is an int.
    return isinstance(found, wanted) and (wanted is bool or not isinstance(found, bool))
