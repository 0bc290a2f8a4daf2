"""The question of a starting worker, as kombu writes it."""

import json
from base64 import b64encode
from typing import Any

import msgspec
import pytest

from celery_monitor.control.cancels.mingle import Question, question_in

HELLO: dict[str, Any] = {
    "method": "hello",
    "arguments": {"from_node": "w1@host", "revoked": {}},
    "destination": None,
    "ticket": "t1",
    "reply_to": {"exchange": "reply.celery.pidbox", "routing_key": "oid"},
}
QUESTION = Question("reply.celery.pidbox", "oid", "t1", "json")


def envelope(body: bytes, encoding: str = "base64") -> bytes:
    text = b64encode(body).decode() if encoding == "base64" else body.decode()
    return json.dumps({"body": text, "headers": {}, "properties": {"body_encoding": encoding}}).encode()


def test_the_question_is_found_in_an_envelope_of_redis() -> None:
    body = json.dumps(HELLO).encode()
    assert question_in(envelope(body), envelope=True) == QUESTION
    assert question_in(envelope(body, "utf-8"), envelope=True) == QUESTION


def test_the_question_is_found_in_a_body_of_rabbitmq() -> None:
    assert question_in(json.dumps(HELLO).encode(), envelope=False) == QUESTION
    packed = question_in(msgspec.msgpack.encode(HELLO), envelope=False)
    assert packed is not None
    assert packed.serializer == "msgpack"


@pytest.mark.parametrize(
    "change",
    [
        {"method": "ping"},
        {"destination": ["w2@host"]},
        {"reply_to": None},
        {"reply_to": {"exchange": 7, "routing_key": "oid"}},
        {"ticket": ["hello"]},
    ],
)
def test_other_commands_are_no_question(change: dict[str, Any]) -> None:
    assert question_in(json.dumps({**HELLO, **change}).encode(), envelope=False) is None


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"hello",
        b'"hello"',
        b'{"hello',
        b"\xff hello",
        b"[" * 100_000 + b"hello",
        b'{"body": 3}',
        b'{"body": "%"}',
    ],
)
def test_what_is_no_message_of_kombu_is_no_question(message: bytes) -> None:
    assert question_in(message, envelope=False) is None
    assert question_in(message, envelope=True) is None
