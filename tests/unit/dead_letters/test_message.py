"""What is shown of a raw message. Nothing of it is evaluated, and no pickle is decoded."""

import gzip
import json
import pickle
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from celery_health.dead_letters.letter import numbered
from celery_health.dead_letters.message import Message, of_amqp, of_redis
from celery_health.dead_letters.topics import topic_matches


class Planted:
    """Leaves a file behind if it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


def redis_message(body: bytes = b"[[], {}, {}]", **fields: Any) -> Message:
    document: dict[str, Any] = {
        "body": b64encode(body).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": "shop.hog", "id": "29a3", "retries": 2},
        "properties": {
            "body_encoding": "base64",
            "priority": 3,
            "delivery_info": {"exchange": "", "routing_key": "mail"},
        },
        **fields,
    }
    return of_redis(json.dumps(document).encode())


def test_protocol_2_has_id_and_name_in_the_headers() -> None:
    letter = redis_message().letter()
    assert (letter.id, letter.name, letter.queue, letter.retries) == ("29a3", "shop.hog", "mail", 2)
    assert letter.problem is None


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        (77, "77"),
        # As kombu writes ``task_id=uuid4()``.
        ({"__type__": "uuid", "__value__": {"hex": "0" * 31 + "5"}}, "00000000-0000-0000-0000-000000000005"),
        ({"__type__": "uuid", "__value__": {"hex": "?"}}, None),
        ({"__type__": "uuid", "__value__": {}}, None),
        (True, None),
        ([1], None),
    ],
)
def test_an_id_that_is_no_text_has_that_of_the_workers(sent: Any, known: str | None) -> None:
    assert redis_message(headers={"task": "shop.hog", "id": sent}).letter().id == known
    properties = {"correlation_id": sent}
    assert redis_message(headers={"task": "shop.hog"}, properties=properties).letter().id == known


def test_protocol_1_has_them_in_the_body() -> None:
    body = {"task": "shop.hog", "id": "29a3", "retries": 1, "args": [1], "kwargs": {"token": "geheim"}}
    found = redis_message(json.dumps(body).encode(), headers={})
    letter = found.letter()
    assert (letter.id, letter.name, letter.retries) == ("29a3", "shop.hog", 1)
    assert (found.details().args, found.details().kwargs) == ("[1]", "{'token': ***}")


def test_the_senders_own_text_of_the_arguments_is_shown_and_not_the_body() -> None:
    headers = {"task": "shop.hog", "id": "29a3", "argsrepr": "('hidden',)", "kwargsrepr": "{}"}
    details = redis_message(b'[["geheim"], {}, {}]', headers=headers).details()
    assert (details.args, details.kwargs) == ("('hidden',)", "{}")


def test_without_it_a_json_body_is_shown() -> None:
    details = redis_message(b'[[1, "a"], {"password": "geheim"}, {}]').details()
    assert (details.args, details.kwargs) == ("[1, 'a']", "{'password': ***}")


@pytest.mark.parametrize("headers", [{}, {"task": "shop.hog", "id": "29a3"}])
def test_no_pickle_is_decoded(headers: dict[str, str], tmp_path: Path) -> None:
    content = {"content-type": "application/x-python-serialize", "headers": headers}
    found = redis_message(pickle.dumps(Planted(tmp_path / "planted")), **content)
    letter, details = found.letter(), found.details()
    assert details.args == "not decoded (application/x-python-serialize)"
    assert (letter.problem is None) is bool(headers)
    assert not (tmp_path / "planted").exists()


def test_a_compressed_message_of_protocol_1_is_said_to_be_compressed() -> None:
    letter = redis_message(gzip.compress(b"{}"), headers={"compression": "application/x-gzip"}).letter()
    assert letter.problem == "The task is not known: the body is compressed."


def test_secret_headers_are_masked() -> None:
    headers = {"task": "t", "id": "i", "x-auth-token": "geheim", "nested": {"password": "geheim"}}
    assert "geheim" not in str(redis_message(headers=headers).details())


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff", b"{", b"[1]", b"3", b"[" * 100_000, b"9" * 100_000, b'{"headers": 3, "properties": []}'],
)
def test_what_is_no_celery_message_is_shown_as_such(raw: bytes) -> None:
    found = of_redis(raw)
    assert "It is no Celery message" in (found.letter().problem or "")
    assert found.details()


def test_a_message_of_rabbitmq_names_its_first_exchange() -> None:
    properties = {"content_type": "application/json", "application_headers": {"task": "t", "id": "i"}}
    letter = of_amqp(b"[[], {}, {}]", {**properties, "timestamp": 0}, ("shop", "mail.new")).letter()
    assert (letter.id, letter.name, letter.queue) == ("i", "t", "shop/mail.new")
    assert (letter.age or 0) > 1e9
    assert of_amqp(b"", {}, (None, None)).letter().queue is None


def test_messages_with_one_id_are_numbered_from_the_oldest() -> None:
    letters = [redis_message().letter(), redis_message(b"other").letter(), of_redis(b"x").letter()]
    assert [letter.ref for letter in numbered(letters)] == ["29a3", "29a3#2", "no-id"]


def test_no_number_makes_the_id_of_another_message() -> None:
    ids = ["29a3", "29a3", "29a3#2", "29a3", "29a3#2", "29a3#2#2"]
    letters = [redis_message(headers={"task": "shop.hog", "id": one}).letter() for one in ids]
    refs = [letter.ref for letter in numbered(letters)]
    assert refs == ["29a3", "29a3#3", "29a3#2", "29a3#4", "29a3#2#3", "29a3#2#2"]


@pytest.mark.parametrize(
    ("binding", "key", "matches"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.c", False),
        ("a.*", "a.b", True),
        ("a.*", "a.b.c", False),
        ("a.#", "a", True),
        ("#.c", "a.b.c", True),
        ("a.#.c.#", "a.x.y.c", True),
        ("*.#.z", "z", False),
        (".".join(["#"] * 50 + ["z"]), ".".join("a" * 50), False),
    ],
)
def test_topics(binding: str, key: str, matches: bool) -> None:
    assert topic_matches(binding, key) is matches


def test_a_message_of_any_depth_has_a_digest() -> None:
    """What ``json.loads`` takes may be too deep for ``json.dumps``: a sender chooses the depth."""
    for depth in range(850, 1050):
        nested = "[" * depth + "]" * depth
        raw = f'{{"headers": {{"task": "shop.hog", "id": "29a3"}}, "body": {nested}}}'.encode()
        assert of_redis(raw).digest == of_redis(raw).digest
