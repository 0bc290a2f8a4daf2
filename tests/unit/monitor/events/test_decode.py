"""Messages become events; what cannot be read is counted and skipped."""

import json
import pickle
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from celery_monitor.events.decode import MAX_MESSAGE_BYTES, Decoder
from celery_monitor.events.event import Event
from tests.unit.monitor.events.samples import envelope, fields

EMPTY = Event(type="-", hostname="-", timestamp=0)


def test_one_event_in_an_envelope_of_kombu_is_decoded() -> None:
    decoder = Decoder()
    (event,) = decoder.envelope(envelope(fields("task-started", 1)))
    assert (event.type, event.uuid, event.pid) == ("task-started", "t1", 11)


def test_an_envelope_whose_body_is_text_is_decoded() -> None:
    assert len(Decoder().envelope(envelope(fields("task-started", 1), base64_body=False))) == 1


def test_a_batch_gives_all_its_events() -> None:
    decoder = Decoder()
    batch = [fields("task-started", 1), fields("task-succeeded", 2, result="3")]
    assert [event.type for event in decoder.envelope(envelope(batch))] == ["task-started", "task-succeeded"]
    assert (decoder.counters.messages, decoder.counters.events) == (1, 2)


def test_a_bad_event_of_a_batch_does_not_cost_the_others() -> None:
    decoder = Decoder()
    batch = [fields("task-started", 1), {"type": "task-started"}, 7, fields("task-started", 2, hostname=True)]
    assert len(decoder.body(json.dumps(batch).encode())) == 1
    assert (decoder.counters.events, decoder.counters.malformed) == (1, 3)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("clock", True),
        ("pid", -1),
        ("name", "shop\x00add"),
        ("retries", "three"),
        ("eta", "x" * 600),
        ("root_id", {"a": 1}),
        ("runtime", 1e300),
        ("expired", "perhaps"),
    ],
)
@pytest.mark.parametrize("serialize", [lambda event: json.dumps(event).encode(), msgspec.msgpack.encode])
def test_an_invalid_field_is_left_out_and_counted_and_the_event_stays(
    field: str, value: object, serialize: Callable[[object], bytes]
) -> None:
    decoder = Decoder()
    (event,) = decoder.body(serialize(fields("task-received", 1, args="(1,)") | {field: value}))
    assert (event.uuid, event.args, getattr(event, field)) == ("t1", "(1,)", getattr(EMPTY, field))
    counters = decoder.counters
    assert (counters.events, counters.invalid_fields, counters.malformed) == (1, 1, 0)


@pytest.mark.parametrize("field", ["uuid", "type", "hostname", "timestamp"])
@pytest.mark.parametrize("value", ["", "\x00", -1, ["t1"], 1e300, "x" * 600])
def test_an_event_that_does_not_say_what_when_and_where_is_malformed(field: str, value: object) -> None:
    decoder = Decoder()
    assert decoder.body(json.dumps(fields("task-received", 1) | {field: value}).encode()) == []
    assert (decoder.counters.events, decoder.counters.malformed) == (0, 1)


def test_pickle_is_never_read() -> None:
    decoder = Decoder()
    body = pickle.dumps(fields("task-started", 1))
    assert decoder.envelope(envelope(body, content_type="application/x-python-serialize")) == ()
    assert decoder.counters.unsupported == 1


def test_a_message_above_the_limit_is_not_parsed() -> None:
    decoder = Decoder()
    assert decoder.envelope(b"x" * (MAX_MESSAGE_BYTES + 1)) == ()
    assert decoder.counters.oversized == 1


@pytest.mark.parametrize("sign", ["x", "\u202e", "\x00", "<b>"])
def test_a_large_event_keeps_its_name(sign: str) -> None:
    decoder = Decoder()
    long = sign * (1_000_000 // len(sign))
    (event,) = decoder.envelope(envelope(fields("task-received", 1, name="shop.long", args=long)))
    assert (event.name, event.args) == ("shop.long", long)
    assert decoder.counters.oversized == 0


@pytest.mark.parametrize("bad", [{"name": "a\x00b"}, {"kwargs": [[]] * 100_000}])
def test_a_large_event_with_values_that_no_event_has_is_counted(bad: dict[str, Any]) -> None:
    decoder = Decoder()
    assert decoder.envelope(envelope(fields("task-received", 1, args="x" * 1_100_000, **bad))) == []
    assert decoder.counters.malformed == 1


def test_a_custom_event_carries_its_own_fields_as_progress() -> None:
    (event,) = Decoder().envelope(envelope(fields("task-progress", 1, current=3, total=10)))
    assert json.loads(event.progress or "") == {"current": 3, "total": 10}


@pytest.mark.parametrize("value", [b"1e999", b'"\xff"'])
def test_a_custom_event_with_a_value_that_cannot_be_read_has_no_progress(value: bytes) -> None:
    decoder = Decoder()
    batch = json.dumps([fields("task-progress", 1, progress="x", own="?"), fields("task-started", 2)])
    found = decoder.body(batch.encode().replace(b'"?"', value))
    assert [(event.type, event.progress) for event in found] == [
        ("task-progress", None),
        ("task-started", None),
    ]
    assert decoder.counters.events == 2
