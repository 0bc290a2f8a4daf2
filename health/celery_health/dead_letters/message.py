"""From the raw message to what is shown of it. Of bodies only JSON is decoded, and nothing is evaluated."""

import hashlib
import json
import time
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from celery_health.dead_letters.letter import Letter, LetterDetails
from celery_health.masking import MASK
from celery_health.redaction import is_secret, printable, shown
from celery_health.task_ids import id_text, shown_id

_MAX_BODY = 1_000_000
"""Larger bodies are not decoded."""
_MAX_WORD = 255
_MAX_FIELDS = 100
_JSON = {"application/json", "json"}
# Of these the arguments are shown, not the header.
_ARGUMENT_HEADERS = {"argsrepr", "kwargsrepr"}
_HIDDEN_PROPERTIES = {"application_headers", "delivery_info", "delivery_tag", "body_encoding"}
# Brokers set these when they deliver a message once more: it is still the same message.
_DELIVERY_MARKS = {"redelivered", "x-delivery-count", "x-acquired-count"}
_NOT_A_TASK = "It is no Celery message: it names no task."


@dataclass(frozen=True, slots=True)
class Message:
    """A message of either broker. ``exchange`` and ``routing_key`` are those that it was first sent with."""

    digest: str
    size: int
    headers: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    content_type: str = ""
    body: bytes = b""
    exchange: str | None = None
    routing_key: str | None = None
    problem: str | None = None

    def letter(self) -> Letter:
        """The letter, without its final ``ref``."""
        fields = self._fields()
        name, task_id = _word(fields.get("task")), _id(fields.get("id"))
        retries = fields.get("retries")
        return Letter(
            ref="",
            digest=self.digest,
            id=task_id or _id(self.properties.get("correlation_id")),
            name=name,
            queue=self._origin(),
            retries=retries if type(retries) is int else None,
            age=_age(self.properties.get("timestamp")),
            size=self.size,
            problem=self.problem or (None if name else self._why_no_task()),
        )

    def details(self) -> LetterDetails:
        """Headers, properties and arguments, with secrets masked."""
        args, kwargs = self._arguments()
        headers = {name: value for name, value in self.headers.items() if name not in _ARGUMENT_HEADERS}
        properties = {
            name: value for name, value in self.properties.items() if name not in _HIDDEN_PROPERTIES
        }
        return LetterDetails(_texts(headers), _texts(properties), args, kwargs)

    def _fields(self) -> Mapping[str, Any]:
        """Where id and name are: the headers in protocol 2, the body in protocol 1."""
        if "task" in self.headers:
            return self.headers
        body = self._json_body()
        return body if isinstance(body, dict) and "task" in body else {}

    def _origin(self) -> str | None:
        """The routing key, which is the queue's name unless the message was sent to an exchange."""
        if self.routing_key is None:
            return None
        return _word(self.routing_key if not self.exchange else f"{self.exchange}/{self.routing_key}")

    def _why_no_task(self) -> str:
        if self.body and self.content_type and not self._is_json:
            kind = printable(self.content_type)[:_MAX_WORD]
            return f"The task is not known: the body is not decoded ({kind})."
        if self.headers.get("compression"):
            return "The task is not known: the body is compressed."
        return _NOT_A_TASK

    @property
    def _is_json(self) -> bool:
        return self.content_type in _JSON

    def _json_body(self) -> Any:
        if not self._is_json or len(self.body) > _MAX_BODY:
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def _arguments(self) -> tuple[str, str]:
        """As the sender's own ``argsrepr`` shows them, which may hide some, or else from a JSON body."""
        args, kwargs = self.headers.get("argsrepr"), self.headers.get("kwargsrepr")
        if isinstance(args, str) or isinstance(kwargs, str):
            return shown(str(args)), shown(str(kwargs))
        body = self._json_body()
        if isinstance(body, list) and len(body) == 3:
            return _shown_value(body[0]), _shown_value(body[1])
        if isinstance(body, dict) and "task" in body:
            return _shown_value(body.get("args")), _shown_value(body.get("kwargs"))
        unknown = f"not decoded ({printable(self.content_type)[:_MAX_WORD] or 'unknown type'})"
        return unknown, unknown


def of_redis(raw: bytes) -> Message:
    """From the JSON text that kombu keeps in a Redis list."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return Message(_digest(raw), len(raw), problem="It is no Celery message: it is not JSON.")
    if not isinstance(document, dict):
        return Message(_digest(raw), len(raw), problem="It is no Celery message: it is not a JSON object.")
    headers, properties = _dict(document.get("headers")), _dict(document.get("properties"))
    route = _dict(properties.get("delivery_info"))
    content = document | {
        "headers": _unmarked(headers),
        "properties": properties | {"delivery_info": _unmarked(route)},
    }
    return Message(
        _digest(_canonical(content) or raw),
        len(raw),
        headers=headers,
        properties=properties,
        content_type=str(document.get("content-type") or ""),
        body=_decoded(document.get("body"), properties.get("body_encoding")),
        exchange=_text_or_none(route.get("exchange")),
        routing_key=_text_or_none(route.get("routing_key")),
    )


def of_amqp(body: bytes, properties: Mapping[str, Any], route: tuple[str | None, str | None]) -> Message:
    """From a delivered AMQP message. ``route``: the exchange and the routing key that it was sent with."""
    headers = _dict(properties.get("application_headers"))
    content = _canonical(dict(properties) | {"application_headers": _unmarked(headers)})
    return Message(
        _digest((content or b"") + b"\0" + body),
        len(body),
        headers=headers,
        properties=properties,
        content_type=str(properties.get("content_type") or ""),
        body=body,
        exchange=route[0],
        routing_key=route[1],
    )


def _unmarked(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in _DELIVERY_MARKS}


def _canonical(content: dict[str, Any]) -> bytes | None:
    """The same text for the same message each time it is read: sorted, and without the types of Python.

    None: it is nested too deeply.
    """
    try:
        return json.dumps(content, sort_keys=True, default=repr).encode()
    except RecursionError:
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _decoded(body: Any, encoding: Any) -> bytes:
    if not isinstance(body, str):
        return b""
    if encoding != "base64":
        return body.encode(errors="replace")
    try:
        return b64decode(body)
    except ValueError:
        return b""


def _word(value: Any) -> str | None:
    """A name or an id; None for anything but a text."""
    return printable(value)[:_MAX_WORD] if isinstance(value, str) and value else None


def _id(value: Any) -> str | None:
    text = id_text(value)
    return shown_id(text) if text else None


def _age(timestamp: Any) -> float | None:
    """From the AMQP property, in seconds of Unix time. Celery itself sets none."""
    return max(0.0, time.time() - timestamp) if type(timestamp) in {int, float} else None


def _texts(fields: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            printable(str(name))[:_MAX_WORD],
            MASK if is_secret(str(name)) and value is not None else _shown_value(value),
        )
        for name, value in list(fields.items())[:_MAX_FIELDS]
    )


def _shown_value(value: Any) -> str:
    try:
        return shown(value if isinstance(value, str) else repr(value))
    except RecursionError:
        return "nested too deeply"
