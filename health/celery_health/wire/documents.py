"""Reads a document of the contract from bytes, within its bounds."""

from typing import Generic, TypeVar

import msgspec

from celery_health.wire.bounds import Count
from celery_health.wire.names import VERSION

T = TypeVar("T", bound=msgspec.Struct)


class UnreadableError(ValueError):
    """A document does not follow the contract. The message names the field and quotes no value."""


class Format(Generic[T]):
    """One kind of document: its ``name`` in messages, its type, and its limit in bytes."""

    def __init__(self, name: str, document: type[T], largest: int) -> None:
        self.name = name
        self.type = document
        self.largest = largest
        self._decoder = msgspec.json.Decoder(document)

    def decode(self, data: bytes) -> T:
        """Read a document. Unknown keys are skipped without being built, whatever they hold.

        Raises:
            UnreadableError: it is too large, not JSON, of another version, or a field is missing or outside
                its bounds.
        """
        if len(data) > self.largest:
            raise UnreadableError(f"The {self.name} is larger than {self.largest} bytes.")
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError as error:
            raise UnreadableError(
                _other_version(self.name, data) or _invalid(self.name, str(error))
            ) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnreadableError(f"The {self.name} is not valid JSON.") from error
        except RecursionError as error:
            raise UnreadableError(f"The {self.name} is nested too deeply.") from error


class _Versioned(msgspec.Struct):
    version: Count


_VERSIONED = msgspec.json.Decoder(_Versioned)


def _other_version(name: str, data: bytes) -> str:
    """A sentence about a document of another version; empty where the version is ours, or is not readable."""
    try:
        version = _VERSIONED.decode(data).version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if version == VERSION:
        return ""
    return (
        f"The {name} has version {version}, and this release reads version {VERSION}: "
        "use the same release of agent, sidecar and operator."
    )


def _invalid(name: str, error: str) -> str:
    """msgspec's own message with the field in front, and without the word that an enum does not know."""
    problem, _, path = error.partition(" - at `$")
    if problem.startswith("Invalid enum value"):
        problem = "Unknown word"
    field = path.rstrip("`").lstrip(".")
    return (
        f"The {name} is invalid in field {field}: {problem}."
        if field
        else f"The {name} is invalid: {problem}."
    )
