from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec

from celery_monitor.web.identity.caller import CredentialCheckError
from celery_monitor.web.identity.jwks import MAX_BYTES, PAUSE_SECONDS, STALE_SECONDS, KeySet


def entry(identity: str | None) -> dict[str, Any]:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    named = {} if identity is None else {"kid": identity}
    return {**jwt.algorithms.ECAlgorithm.to_jwk(key, as_dict=True), **named}


class Issuer:
    def __init__(self) -> None:
        self.response: Any = {"keys": [entry("one")]}
        self.requests = 0
        self.time = 1000.0
        self.url = ""

    async def answer(self, _: web.Request) -> web.StreamResponse:
        self.requests += 1
        if isinstance(self.response, web.Response):
            return self.response
        return web.json_response(self.response)

    def keys(self) -> KeySet:
        return KeySet(self.url, lambda: self.time)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    made = Issuer()
    application = web.Application()
    application.router.add_get("/jwks", made.answer)
    application.router.add_get("/elsewhere", made.answer)
    async with TestServer(application) as server:
        made.url = str(server.make_url("/jwks"))
        yield made


async def test_keys_are_fetched_once(issuer: Issuer) -> None:
    keys = issuer.keys()
    for _ in range(5):
        assert await keys.key("one") is not None
    assert issuer.requests == 1


async def test_a_new_key_is_found_and_unknown_ones_do_not_flood_the_issuer(issuer: Issuer) -> None:
    keys = issuer.keys()
    assert await keys.key("one") is not None
    issuer.response = {"keys": [entry("two")]}
    for _ in range(20):
        assert await keys.key("two") is None
    assert issuer.requests == 1
    issuer.time += PAUSE_SECONDS + 1
    assert await keys.key("two") is not None
    assert await keys.key("one") is None
    assert issuer.requests == 2


async def test_a_token_without_key_id_uses_the_only_key(issuer: Issuer) -> None:
    assert await issuer.keys().key(None) is not None
    issuer.response = {"keys": [entry("one"), entry("two")]}
    assert await issuer.keys().key(None) is None


async def test_known_keys_serve_while_the_issuer_is_away_but_not_for_ever(issuer: Issuer) -> None:
    keys = issuer.keys()
    assert await keys.key("one") is not None
    issuer.response = web.Response(status=503)
    issuer.time += 3600
    assert await keys.key("one") is not None
    assert issuer.requests == 2
    issuer.time += STALE_SECONDS
    issuer.response = web.Response(status=503)
    with pytest.raises(CredentialCheckError):
        await keys.key("one")


@pytest.mark.parametrize(
    "response",
    [
        web.Response(status=404),
        web.Response(status=302, headers={"Location": "/elsewhere"}),
        web.Response(text="{"),
        web.Response(text="[" * 5000),
        web.Response(text=" " * (MAX_BYTES + 1)),
        web.Response(text="{}"),
    ],
    ids=["404", "redirect", "no JSON", "nested deep", "too large", "no keys"],
)
async def test_a_bad_answer_of_the_issuer_is_no_set_of_keys(issuer: Issuer, response: web.Response) -> None:
    issuer.response = response
    with pytest.raises(CredentialCheckError):
        await issuer.keys().key("one")


async def test_an_issuer_that_cannot_be_reached_is_reported() -> None:
    with pytest.raises(CredentialCheckError):
        await KeySet("http://127.0.0.1:1/jwks").key("one")
