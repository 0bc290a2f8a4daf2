"""Secrets that a program has read are masked wherever they turn up, in each form that they take."""

import asyncio
import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.known_secrets import (
    MOST,
    KnownSecrets,
    begin,
    mask_known,
    mask_known_in,
    mask_known_json,
    remember,
    remember_url,
)
from celery_health.redaction import redact

SECRET = "p/w: é'\"\\42"


@pytest.fixture(autouse=True)
def own_secrets() -> None:
    begin()


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        repr(SECRET)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_secret_is_masked_in_each_of_its_forms(form: str) -> None:
    remember(SECRET)
    assert redact(f"it says {form}, twice: {form}") == "it says ***, twice: ***"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:hunter-2-3@h/0", "hunter-2-3"),
        ("redis://:hunter%2F2-3@h/0", "hunter/2-3"),
        ("sentinel://a:1;sentinel://:hunter-2-3@b:1", "hunter-2-3"),
        ("redis://h/0?password=hunter-2-3", "hunter-2-3"),
        ("amqp://shop:hunter-2-3@h//", base64.b64encode(b"shop:hunter-2-3").decode()),
        ("amqp://shop:/hunter@2?3@h//", "/hunter@2?3"),
        ("db+postgresql://shop:hun;ter-2-3@h/results", "hun;ter-2-3"),
        ("redis://:12/hun;ter-2-3@h/0", "12/hun;ter-2-3"),
    ],
)
def test_the_secrets_of_a_url_are_known_also_of_one_that_cannot_be_read(url: str, shown: str) -> None:
    remember_url(url)
    assert mask_known(f"the text {shown}") == "the text ***"


def test_words_that_occur_in_ordinary_text_are_not_masked() -> None:
    remember("password", "a1b2", "", "two\nlines 1")
    remember_url("redis://h:6379/0?ssl_cert_reqs=required-1&virtual_host=/production-1")
    text = "the password of a1b2 is required-1 at /production-1"
    assert mask_known(text) == text


def test_a_document_is_masked_without_harm_to_its_structure() -> None:
    remember('":"hunter2')
    document = {"a": ['x":"hunter2', 1, None, True], "b": {"c": "hunter2"}}
    assert mask_known_in(document) == {"a": ["x***", 1, None, True], "b": {"c": "hunter2"}}


def test_a_document_as_text_is_masked_and_without_a_secret_it_is_the_same() -> None:
    remember('hunter/2"é', "never-seen-1")
    text = '{"a": "é 1"}'
    assert mask_known_json(text) is text
    assert mask_known_json(json.dumps({"a": 'é hunter/2"é', "b": [1]})) == '{"a":"é ***","b":[1]}'


def test_the_tasks_of_one_context_share_their_secrets_and_others_do_not_know_them() -> None:
    async def tenant(secret: str) -> str:
        begin()
        await asyncio.create_task(learn(secret))
        return await asyncio.to_thread(mask_known, "secret-1 secret-2")

    async def learn(secret: str) -> None:
        remember(secret)

    async def both() -> tuple[str, ...]:
        return tuple(await asyncio.gather(tenant("secret-1"), tenant("secret-2")))

    assert asyncio.run(both()) == ("*** secret-2", "secret-1 ***")
    assert mask_known("secret-1 secret-2") == "secret-1 secret-2"


def test_the_oldest_secret_is_forgotten_for_a_new_one() -> None:
    known = KnownSecrets()
    known.add(f"secret-{number:03}" for number in range(MOST + 1))
    assert known.mask(f"secret-000 secret-001 secret-{MOST:03}") == "secret-000 *** ***"


@given(value=st.text(min_size=8, max_size=30), around=st.text(max_size=10))
def test_a_known_secret_never_survives(value: str, around: str) -> None:
    known = KnownSecrets()
    known.add([value])
    if known.mask(value) != value:
        assert value not in known.mask(f"{around}{value}{around}")
