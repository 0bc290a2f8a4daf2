"""The question that a worker asks its neighbours before it consumes: which tasks are revoked. Pure.

Celery calls this mingle. The worker waits a second for answers, so what it is answered counts before its
first task.
"""

import binascii
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

import msgspec

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""The question contains all revoked tasks that the worker itself remembers, up to 50,000."""
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Question:
    """Where the answer goes. ``serializer``: that of the question."""

    exchange: str
    routing_key: str
    ticket: str
    serializer: str


def question_in(message: bytes, *, envelope: bool) -> Question | None:
    """The question, None if the message is another command of remote control.

    ``envelope``: the message is kombu's envelope with the body inside, as on Redis.
    """
    if b"hello" not in message and not envelope:
        return None
    if len(message) > MAX_MESSAGE_BYTES:
        return None
    body = _body(message) if envelope else message
    return None if body is None else _question(body)


def _body(message: bytes) -> bytes | None:
    try:
        document = msgspec.json.decode(message)
    except _UNREADABLE:
        return None
    text = document.get("body") if isinstance(document, dict) else None
    if not isinstance(text, str):
        return None
    properties = document.get("properties")
    if not isinstance(properties, dict) or properties.get("body_encoding") != "base64":
        return text.encode(errors="replace")
    try:
        return b64decode(text)
    except (ValueError, binascii.Error):
        return None


def _question(body: bytes) -> Question | None:
    serializer = "json" if body[:1] == b"{" else "msgpack"
    decode = msgspec.json.decode if serializer == "json" else msgspec.msgpack.decode
    try:
        command: Any = decode(body)
    except _UNREADABLE:
        return None
    if not isinstance(command, dict) or command.get("method") != "hello":
        return None
    reply_to = command.get("reply_to")
    if not isinstance(reply_to, dict) or command.get("destination"):
        return None
    values = (reply_to.get("exchange"), reply_to.get("routing_key"), command.get("ticket"))
    if not all(isinstance(value, str) for value in values):
        return None
    exchange, routing_key, ticket = values
    return Question(str(exchange), str(routing_key), str(ticket), serializer)
