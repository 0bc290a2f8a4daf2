"""Whatever bytes come, a document is read within its bounds or refused with a sentence."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import inspect

from celery_health.wire.answers import BEAT_ANSWER, WORKER_ANSWER
from celery_health.wire.beat_report import BEAT_REPORT, BeatReport
from celery_health.wire.bounds import (
    ANSWER_BYTES,
    ENDS_BYTES,
    LIST_LENGTH,
    NAME_LENGTH,
    QUARANTINE_BYTES,
    QUARANTINE_LENGTH,
    REPORT_BYTES,
    SENTENCE_LENGTH,
    sentence,
)
from celery_health.wire.documents import Format, UnreadableError
from celery_health.wire.limits import LARGEST_COUNT, LARGEST_SECONDS
from celery_health.wire.orders import QUARANTINE_DOCUMENT, QUARANTINE_ORDER, RESTART_HOLD_ORDER
from celery_health.wire.worker_report import WORKER_REPORT, WorkerReport
from tests.unit.wire.documents import beat_answer, beat_document, encoded, worker_answer, worker_document

QUARANTINE = {"queue": "shop.dead-letter", "ids": ["a1", "a2"]}
FORMATS: dict[str, tuple[Format[Any], dict[str, Any]]] = {
    "worker report": (WORKER_REPORT, worker_document()),
    "beat report": (BEAT_REPORT, beat_document()),
    "worker answer": (WORKER_ANSWER, worker_answer(report=worker_document(), quarantine=QUARANTINE)),
    "beat answer": (BEAT_ANSWER, beat_answer()),
    "restart hold": (RESTART_HOLD_ORDER, {"seconds": 5}),
    "quarantine": (QUARANTINE_ORDER, QUARANTINE),
    "quarantine file": (QUARANTINE_DOCUMENT, {"version": 1, "quarantine": QUARANTINE}),
}
ANY_FORMAT = pytest.mark.parametrize("kind", sorted(FORMATS))


@ANY_FORMAT
def test_the_example_is_read(kind: str) -> None:
    format_, document = FORMATS[kind]
    assert format_.decode(encoded(document))


@ANY_FORMAT
def test_one_byte_more_than_the_limit_is_refused(kind: str) -> None:
    format_, document = FORMATS[kind]
    text = encoded(document)
    padding = b" " * (format_.largest - len(text))
    assert format_.decode(text + padding)
    with pytest.raises(UnreadableError, match=f"larger than {format_.largest} bytes"):
        format_.decode(text + padding + b" ")


def outcome(format_: Format[Any], data: bytes) -> str:
    """The error's sentence; empty where the document was read."""
    try:
        format_.decode(data)
    except UnreadableError as error:
        return str(error)
    return ""


@ANY_FORMAT
@given(data=st.binary(max_size=200))
@example(data=b"[" * 150_000)
@example(data=b'{"a":' * 100_000)
@example(data=b'{"unknown": ' + b"[" * 90_000 + b"]" * 90_000 + b"}")
@example(data=b'{"version": ' + b"9" * 100_000 + b"}")
@example(data=b'{"version": 1e999}')
@example(data=b'{"version": NaN}')
@example(data=b'{"version": -Infinity}')
@example(data=b'{"version": "\xff"}')
@example(data=b'{"version": "\\ud800"}')
def test_any_bytes_are_refused_with_one_short_sentence(kind: str, data: bytes) -> None:
    message = outcome(FORMATS[kind][0], data)
    assert message.startswith("The ")
    assert message.endswith(".")
    assert len(message) < 200


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([2**53, 10**30, -(10**30), 1e308, "x" * 300, ["x"] * 1001]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@ANY_FORMAT
@given(data=st.data())
def test_any_value_in_any_field_is_read_within_the_bounds_or_refused(kind: str, data: st.DataObject) -> None:
    format_, document = FORMATS[kind]
    name = data.draw(st.sampled_from(sorted(document)))
    try:
        read = format_.decode(encoded({**document, name: data.draw(JSON)}))
    except UnreadableError:
        return
    # What was read keeps every bound: its own encoding is read again, and is the same.
    again = msgspec.json.encode(read)
    assert len(again) <= format_.largest
    assert format_.decode(again) == read


def types(of: inspect.Type) -> Iterator[tuple[str, inspect.Type]]:
    """Every type below this one, with the name of its field."""
    if isinstance(of, inspect.StructType):
        for entry in of.fields:
            yield from ((f"{entry.name}.{name}".rstrip("."), type_) for name, type_ in types(entry.type))
    elif isinstance(of, inspect.UnionType):
        for part in of.types:
            yield from types(part)
    else:
        yield "", of
        if isinstance(of, inspect.VarTupleType):
            yield from (("[]", type_) for _, type_ in types(of.item_type))


@ANY_FORMAT
def test_every_field_has_bounds(kind: str) -> None:
    format_ = FORMATS[kind][0]
    simple = (inspect.BoolType, inspect.EnumType, inspect.LiteralType, inspect.NoneType)
    for name, type_ in types(inspect.type_info(format_.type)):
        match type_:
            case inspect.StrType():
                assert type_.max_length in {NAME_LENGTH, SENTENCE_LENGTH}, name
            case inspect.IntType():
                assert type_.ge is not None, name
                assert type_.le is not None, name
            case inspect.FloatType():
                assert type_.ge is not None, name
                assert type_.le is not None, name
            case inspect.VarTupleType():
                assert type_.max_length is not None, name
            case _:
                assert isinstance(type_, simple), (name, type_)


# Shorter than any list: the agent's reporter counts what it adds.
CUT_BY_THE_REPORTER = {"active", "deaths", "deaths_by_name"}


@pytest.mark.parametrize("report", [WorkerReport, BeatReport])
def test_a_report_has_only_the_bounds_that_the_agent_keeps(report: type) -> None:
    for name, type_ in types(inspect.type_info(report)):
        match type_:
            case inspect.StrType():
                assert type_.max_length == NAME_LENGTH, name
            case inspect.IntType() if name != "version":
                assert (type_.ge, type_.le) == (0, LARGEST_COUNT), name
            case inspect.FloatType():
                assert (type_.ge, type_.le) == (-LARGEST_SECONDS, LARGEST_SECONDS), name
            case inspect.VarTupleType() if name not in CUT_BY_THE_REPORTER:
                assert type_.max_length == LIST_LENGTH, name


def test_an_answer_has_room_for_a_report_all_ends_the_quarantine_and_every_sentence() -> None:
    sentences, escaped = 4, 6
    rest = sentences * SENTENCE_LENGTH * escaped + 20 * NAME_LENGTH
    assert REPORT_BYTES + ENDS_BYTES + QUARANTINE_BYTES + rest < ANSWER_BYTES


@pytest.mark.parametrize("queue", ["", "é" * 128, "x" * 256])
def test_a_name_that_no_queue_can_have_is_refused(queue: str) -> None:
    assert "The order is invalid" in outcome(QUARANTINE_ORDER, encoded({"queue": queue, "ids": []}))


def test_a_quarantine_of_more_ids_than_allowed_is_refused() -> None:
    assert not outcome(QUARANTINE_ORDER, encoded({"queue": "q", "ids": ["a"] * QUARANTINE_LENGTH}))
    assert "ids" in outcome(QUARANTINE_ORDER, encoded({"queue": "q", "ids": ["a"] * (QUARANTINE_LENGTH + 1)}))


@given(st.text())
@example("x" * 2000)
@example("\ud800")
def test_a_sentence_keeps_its_bound_and_can_be_encoded(text: str) -> None:
    cut = sentence(text)
    assert len(cut) <= SENTENCE_LENGTH
    msgspec.json.encode(cut)


def test_a_short_sentence_is_left_as_it_is() -> None:
    assert sentence("The worker consumes.") == "The worker consumes."
