"""Whatever a stranger publishes, nothing raises, and nothing grows."""

import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_monitor.events.decode import MAX_EVENTS_PER_MESSAGE, Decoder
from celery_monitor.events.merge import Merger
from tests.unit.monitor.events.samples import T0, envelope, fields

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\x00", "-gone", "-alive", 10**400, -1, 1e308, "9" * 600]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
TYPES = ["task-sent", "task-received", "task-started", "task-succeeded", "task-failed", "task-retried"]
TYPES += [
    "task-revoked",
    "task-rejected",
    "task-progress",
    "worker-heartbeat",
    "worker-online",
    "worker-offline",
]


def merge(message: bytes, *, in_envelope: bool) -> Merger:
    """Decode and merge, as the intake does it."""
    merger = Merger()
    decoder = Decoder(merger.counters)
    for event in decoder.envelope(message) if in_envelope else decoder.body(message):
        merger.apply(event, T0)
    for record in merger.take_changed():
        msgspec.json.encode(record)
        assert len(record.args or "") <= 4096
        assert "\x00" not in (record.args or "") + (record.name or "") + record.id
    return merger


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_or_counted(message: bytes, in_envelope: bool) -> None:
    counters = merge(message, in_envelope=in_envelope).counters
    assert counters.messages == 1
    assert counters.events + counters.malformed + counters.unsupported + counters.oversized >= 1 or message


@given(st.binary(max_size=300))
def test_any_body_in_a_good_envelope_is_read_or_counted(body: bytes) -> None:
    merge(envelope(body), in_envelope=True)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(TYPES),
            st.dictionaries(
                st.sampled_from(
                    [
                        *fields("task-sent", 0),
                        "args",
                        "kwargs",
                        "retries",
                        "eta",
                        "result",
                        "runtime",
                        "exception",
                        "traceback",
                        "loadavg",
                        "processed",
                        "active",
                        "queue",
                        "requeue",
                        "own",
                    ]
                ),
                VALUES,
                max_size=4,
            ),
        ),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)
def test_events_with_wrong_values_are_merged_or_counted(
    changes: list[tuple[str, dict[str, Any]]], batch: bool
) -> None:
    events = [fields(kind, 1) | wrong for kind, wrong in changes]
    merger = merge(envelope(events if batch else events[0]), in_envelope=True)
    counters = merger.counters
    assert counters.events + counters.malformed >= 1


@given(
    st.lists(
        st.tuples(
            st.sampled_from(TYPES),
            st.dictionaries(
                st.sampled_from(["args", "timestamp", "clock", "runtime", "own", "uuid"]), VALUES, max_size=3
            ),
        ),
        max_size=3,
    )
)
def test_messagepack_with_wrong_values_is_merged_or_counted(
    changes: list[tuple[str, dict[str, Any]]],
) -> None:
    try:
        body = msgspec.msgpack.encode([fields(kind, 1) | wrong for kind, wrong in changes])
    except OverflowError:
        return  # no MessagePack either
    merge(body, in_envelope=False)


@given(st.randoms(use_true_random=False), st.integers(1, 10))
def test_a_message_with_flipped_bytes_is_read_or_counted(chance: random.Random, flips: int) -> None:
    message = bytearray(envelope([fields("task-received", 1, args="(1,)"), fields("task-started", 2)]))
    for _ in range(flips):
        message[chance.randrange(len(message))] = chance.randrange(256)
    merge(bytes(message), in_envelope=True)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 500_000,
        b'{"a":' * 100_000,
        b'{"type": "task-progress", "uuid": "t", "hostname": "h", "timestamp": 1, "own": ' + b"[" * 100_000,
        b'{"type": "task-progress", "uuid": "t", "hostname": "h", "timestamp": 1, "own": '
        + b"[" * 900 + b"]" * 900 + b"}",
        b'{"type": "task-received", "uuid": "t", "hostname": "h", "timestamp": 1, "args": '
        + b"[" * 900 + b"]" * 900 + b"}",
        b"[" + b"{}," * 300_000 + b"{}]",
        b"[" + b"1," * (MAX_EVENTS_PER_MESSAGE + 1) + b"1]",
        b'{"type": "task-started", "timestamp": 1' + b"0" * 100_000 + b"}",
    ],
)  # fmt: skip
def test_deep_and_long_messages_are_counted_and_skipped(body: bytes) -> None:
    for message in (body, envelope(body)):
        decoder = Decoder()
        found = decoder.envelope(message) if message is not body else decoder.body(message)
        assert len(found) <= 1
        assert decoder.counters.events + decoder.counters.malformed + decoder.counters.oversized >= 1


def test_a_long_text_is_cut_and_a_secret_is_masked_before_anything_keeps_it() -> None:
    event = fields("task-received", 1, args="x" * 500_000, kwargs="{'password': 'geheim', 'user': 'ada'}")
    merger = merge(json.dumps(event).encode(), in_envelope=False)
    record = merger.get("t1")
    assert record is not None
    assert len(record.args or "") == 4096
    assert record.kwargs == "{'password': ***, 'user': 'ada'}"
    assert record.arguments_truncated


def test_a_stream_of_events_about_one_task_stays_small() -> None:
    merger = Merger()
    decoder = Decoder(merger.counters)
    for number in range(5_000):
        for event in decoder.body(
            json.dumps(fields("task-progress", number / 1000, current=number)).encode()
        ):
            merger.apply(event, T0 + 5)
    for number in range(2_000):
        for event in decoder.body(json.dumps(fields("task-started", 10 + number / 1000)).encode()):
            merger.apply(event, T0 + 12)
    record = merger.get("t1")
    assert record is not None
    assert len(record.runs) <= 100


def test_unfinished_tasks_leave_the_memory_only_above_the_limit_and_are_counted() -> None:
    merger = Merger(max_unfinished=100, max_finished=10)
    decoder = Decoder(merger.counters)
    for number in range(150):
        for kind in ("task-started", *(["task-succeeded"] if number % 3 == 0 else [])):
            body = json.dumps(fields(kind, number / 1000, task=f"t{number}")).encode()
            for event in decoder.body(body):
                merger.apply(event, T0)
    merger.take_changed()
    assert len(merger) <= 110
    assert merger.counters.evicted == 0
    assert merger.get("t148") is not None
