"""Bytes to events. Nothing raises: what cannot be read is counted and skipped.

Well-formed events of Celery take one pass of msgspec. Only when that pass fails is the message read event by
event, so that one bad event of a batch does not cost the others, and one bad field does not cost its event.
A large message, such as one with a long error text, has the one pass only: to read any values would take many
times the memory of the message.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from celery_monitor.events.counters import Counters
from celery_monitor.events.event import CELERYS, Event

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
LARGE_MESSAGE_BYTES = 1024 * 1024
MAX_EVENTS_PER_MESSAGE = 10_000
MAX_PROGRESS_CHARACTERS = 4096
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)
_TEXTS = frozenset({"args", "kwargs", "result", "exception", "traceback", "eta", "expires"})
_FIELDS = frozenset(Event.__struct_fields__) - {"progress"}
_NAMES = frozenset(
    {"type", "hostname", "uuid", "name", "root_id", "parent_id", "queue", "exchange", "routing_key"}
)
# Without one of these, an event says nothing.
_NEEDED = frozenset({"type", "hostname", "timestamp", "uuid"})
_TYPES: Mapping[str, Any] = MappingProxyType(
    {field.name: field.type for field in msgspec.structs.fields(Event)}
)
_NUL = b"\\u0000"
_JSON_BEGINS = (b"{", b"[", b" ", b"\n")
_NOT_PROGRESS = _FIELDS | {"utcoffset", "local_received"}

_Events = Annotated[list[Event], Meta(max_length=MAX_EVENTS_PER_MESSAGE)] | Event
_Several = Annotated[list[Any], Meta(max_length=MAX_EVENTS_PER_MESSAGE)] | dict[str, Any]


class _Envelope(msgspec.Struct, gc=False):
    """The message that kombu publishes on Redis. The body is in base64; ``bytes`` decodes it."""

    body: bytes
    content_type: str = msgspec.field(name="content-type", default="application/json")


class _PlainEnvelope(msgspec.Struct, gc=False):
    """An envelope with its body as text."""

    body: str
    content_type: str = msgspec.field(name="content-type", default="application/json")


_envelope = msgspec.json.Decoder(_Envelope).decode
_plain_envelope = msgspec.json.Decoder(_PlainEnvelope).decode
_json = msgspec.json.Decoder(_Events).decode
_msgpack = msgspec.msgpack.Decoder(_Events).decode
_json_values = msgspec.json.Decoder(_Several).decode
_msgpack_values = msgspec.msgpack.Decoder(_Several).decode
_SERIALIZERS: Mapping[str, tuple[Any, Any]] = MappingProxyType(
    {
        "application/json": (_json, _json_values),
        "application/x-msgpack": (_msgpack, _msgpack_values),
    }
)


class Decoder:
    """Decodes messages and counts them in ``counters``."""

    def __init__(self, counters: Counters | None = None) -> None:
        self.counters = counters or Counters()

    def envelope(self, message: bytes) -> Sequence[Event]:
        """The events of a message from Redis: kombu's envelope with the body inside."""
        if len(message) > MAX_MESSAGE_BYTES:
            return self._oversized()
        try:
            envelope = _envelope(message)
            return self.body(envelope.body, envelope.content_type)
        except _UNREADABLE:
            pass
        try:
            plain = _plain_envelope(message)
        except _UNREADABLE:
            return self._malformed()
        return self.body(plain.body.encode(), plain.content_type)

    def body(self, body: bytes, content_type: str | None = None) -> Sequence[Event]:
        """The events of a message body: one event, or a list of them (``task.multi``).

        ``content_type``: if None, the first byte says whether the body is JSON or MessagePack.
        """
        counters = self.counters
        if len(body) > MAX_MESSAGE_BYTES:
            return self._oversized()
        counters.messages += 1
        decoders = _SERIALIZERS.get(content_type or _sniffed(body))
        if decoders is None:
            counters.unsupported += 1
            return ()
        decode, decode_values = decoders
        if len(body) > LARGE_MESSAGE_BYTES:
            return self._well_formed(body, decode)
        return self._any(body, decode, decode_values)

    def _any(self, body: bytes, decode: Any, decode_values: Any) -> Sequence[Event]:
        # No database stores a NUL in a text, so a name with one is left out.
        if _NUL in body or decode is _msgpack:
            return self._one_by_one(body, decode_values)
        try:
            decoded = decode(body)
        except _UNREADABLE:
            return self._one_by_one(body, decode_values)
        events = decoded if type(decoded) is list else [decoded]
        self.counters.events += len(events)
        for event in events:
            if _is_custom(event):
                return self._with_progress(events, body, decode_values)
        return events

    def _well_formed(self, body: bytes, decode: Any) -> list[Event]:
        """The events of a large message, without progress; none if one of them is not well-formed."""
        try:
            decoded = decode(body)
        except _UNREADABLE:
            self.counters.malformed += 1
            return []
        found = []
        for event in decoded if type(decoded) is list else [decoded]:
            event.progress = None
            if any(_has_nul(getattr(event, name)) for name in _NAMES):
                self.counters.malformed += 1
                continue
            found.append(event)
        self.counters.events += len(found)
        return found

    def _with_progress(self, events: list[Event], body: bytes, decode_values: Any) -> list[Event]:
        """The same events, custom ones with their own fields as progress."""
        try:
            values = decode_values(body)
        except _UNREADABLE:  # the first pass has not read the fields that it does not know
            for event in events:
                event.progress = None
            return events
        for event, fields in zip(events, values if isinstance(values, list) else [values], strict=True):
            _add_progress(event, fields)
        return events

    def _one_by_one(self, body: bytes, decode_values: Any) -> list[Event]:
        try:
            values = decode_values(body)
        except _UNREADABLE:
            self.counters.malformed += 1
            return []
        found = []
        for fields in values if isinstance(values, list) else [values]:
            event = self._lenient(fields)
            if event is None:
                self.counters.malformed += 1
                continue
            found.append(event)
        self.counters.events += len(found)
        return found

    def _lenient(self, fields: Any) -> Event | None:
        """One event from decoded values, without the fields that have impossible values.

        Texts may be any JSON, as older senders wrote them. None: the event says nothing without such a field.
        """
        if not isinstance(fields, dict):
            return None
        known = {
            name: _text(value) if name in _TEXTS and value is not None else value
            for name, value in fields.items()
            if name in _FIELDS
        }
        event = _converted(known)
        if event is None:
            invalid = [name for name, value in known.items() if not _is_valid(name, value)]
            for name in invalid:
                del known[name]
            event = _converted(known) if _NEEDED.isdisjoint(invalid) else None
            if event is None:
                return None
            self.counters.invalid_fields += len(invalid)
        _add_progress(event, fields)
        return event

    def _malformed(self) -> Sequence[Event]:
        self.counters.messages += 1
        self.counters.malformed += 1
        return ()

    def _oversized(self) -> Sequence[Event]:
        self.counters.messages += 1
        self.counters.oversized += 1
        return ()


def _sniffed(body: bytes) -> str:
    """The content type by the first byte. Pickle begins with 0x80, an empty map of MessagePack."""
    if body[:1] in _JSON_BEGINS:
        return "application/json"
    return "application/x-msgpack" if 0x80 < (body[0] if body else 0) < 0xE0 else ""


def _is_custom(event: Event) -> bool:
    """Whether a task sent it with ``send_event``: the fields that are not Celery's are progress."""
    return event.type not in CELERYS and event.type.startswith("task-")


def _converted(known: dict[str, Any]) -> Event | None:
    if any(_has_nul(known.get(name)) for name in _NAMES):
        return None
    try:
        return msgspec.convert(known, Event)
    except _UNREADABLE:
        return None


def _is_valid(name: str, value: Any) -> bool:
    if name in _NAMES and _has_nul(value):
        return False
    try:
        msgspec.convert(value, _TYPES[name])
    except _UNREADABLE:
        return False
    return True


def _has_nul(value: Any) -> bool:
    return isinstance(value, str) and "\x00" in value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return repr(value)
    except RecursionError:
        return "..."


def _add_progress(event: Event, fields: dict[str, Any]) -> None:
    event.progress = None
    if not _is_custom(event):
        return
    own = {name: value for name, value in fields.items() if name not in _NOT_PROGRESS}
    if not own:
        return
    text = _json_text(own)
    if text is None:
        text = _json_text({name: value for name, value in own.items() if isinstance(value, (int, float))})
    event.progress = text


def _json_text(fields: dict[str, Any]) -> str | None:
    """The fields as JSON, None if they are too long or are no JSON."""
    try:
        text = msgspec.json.encode(fields).decode()
    except (*_UNREADABLE, TypeError):
        return None
    return text if len(text) <= MAX_PROGRESS_CHARACTERS else None
