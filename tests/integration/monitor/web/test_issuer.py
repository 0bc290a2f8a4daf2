"""JSON Web Tokens of an issuer: keys that change, and an issuer that misbehaves, through the application."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tools.testbed.waiting import wait_for_async

from celery_monitor.settings import AccessSettings, JwtSettings, Role
from celery_monitor.web.identity import jwks
from tests.support.monitor_web import ACCESS, API, VIEWER, problem, served

ISSUER, AUDIENCE = "https://issuer.example", "celery"
_DICTS: dict[str, Any] = {"RS256": jwt.algorithms.RSAAlgorithm, "ES256": jwt.algorithms.ECAlgorithm}

Client = TestClient[Any, Any]


class Key:
    """A private key of the issuer."""

    def __init__(self, identity: str, algorithm: str = "ES256") -> None:
        self.identity, self.algorithm = identity, algorithm
        self._private: Any = (
            rsa.generate_private_key(public_exponent=65537, key_size=2048)
            if algorithm == "RS256"
            else ec.generate_private_key(ec.SECP256R1())
        )

    def public(self) -> dict[str, Any]:
        """Its entry in the issuer's document."""
        entry = _DICTS[self.algorithm].to_jwk(self._private.public_key(), as_dict=True)
        return {**entry, "kid": self.identity, "use": "sig"}

    def token(self, role: Role = Role.VIEWER) -> str:
        claims = {
            "sub": "ann",
            "iss": ISSUER,
            "aud": AUDIENCE,
            "role": role.value,
            "exp": datetime.now(UTC) + timedelta(hours=1),
        }
        return jwt.encode(claims, self._private, self.algorithm, headers={"kid": self.identity})


class Issuer:
    """Serves the public keys. ``misbehave``: what it does instead."""

    def __init__(self, *keys: Key) -> None:
        self.keys = list(keys)
        self.misbehave: Any = None
        self.sent = 0
        self.url = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.misbehave is not None:
            found: web.StreamResponse = await self.misbehave(self, request)
            return found
        return web.json_response({"keys": [key.public() for key in self.keys]})


async def _never(_: Issuer, __: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def _slow_drops(_: Issuer, request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)


async def _without_end(issuer: Issuer, request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" " * 65536)
        issuer.sent += 65536


async def _redirect(_: Issuer, __: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/moved")


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    made = Issuer(Key("first"))
    application = web.Application()
    for path in ("/keys", "/moved"):
        application.router.add_get(path, made.serve)
    async with TestServer(application) as server:
        made.url = str(server.make_url("/keys"))
        yield made


@pytest.fixture
async def client(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    monkeypatch.setattr(jwks, "PAUSE_SECONDS", 0.05)
    settings = JwtSettings(jwks_url=issuer.url, issuer=ISSUER, audience=AUDIENCE)
    async with served(access=AccessSettings(tokens=ACCESS.tokens, jwt=settings)) as found:
        yield found


async def status(client: Client, token: str) -> int:
    async with client.get(f"{API}/workers", headers={"Authorization": f"Bearer {token}"}) as response:
        text = await response.text()
        assert token not in text
        return response.status


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_keys_are_changed_without_a_restart(issuer: Issuer, client: Client, algorithm: str) -> None:
    old, new = issuer.keys[0], Key("second", algorithm)
    assert await status(client, old.token()) == 200
    assert await status(client, new.token()) == 401
    issuer.keys.append(new)

    async def accepted() -> bool:
        return await status(client, new.token()) == 200

    await wait_for_async(accepted, 60)
    assert await status(client, old.token()) == 200
    issuer.keys.remove(old)

    async def refused() -> bool:
        # Only a token with an unknown key makes the monitor fetch the keys again so soon.
        await status(client, Key("unknown").token())
        return await status(client, old.token()) == 401

    await wait_for_async(refused, 60)
    assert await status(client, new.token()) == 200


async def test_a_key_with_a_known_name_is_not_the_known_key(issuer: Issuer, client: Client) -> None:
    assert await status(client, Key(issuer.keys[0].identity).token(Role.ADMIN)) == 401


@pytest.mark.parametrize("misbehave", [_never, _slow_drops, _without_end, _redirect])
async def test_an_issuer_that_misbehaves_stops_only_its_own_tokens(
    issuer: Issuer, client: Client, monkeypatch: pytest.MonkeyPatch, misbehave: Any
) -> None:
    monkeypatch.setattr(jwks, "TIMEOUT_SECONDS", 1.0)
    issuer.misbehave = misbehave
    waiting = asyncio.create_task(
        client.get(f"{API}/workers", headers={"Authorization": f"Bearer {issuer.keys[0].token()}"})
    )
    async with client.get(f"{API}/workers", headers=VIEWER) as response:
        assert response.status == 200
    document = await problem(await asyncio.wait_for(waiting, 60))
    assert document["status"] == 503
    assert "issuer" in document["detail"]
    # What is read stays far below what is sent.
    assert issuer.sent < 64 * jwks.MAX_BYTES


async def test_known_keys_serve_while_the_issuer_hangs(
    issuer: Issuer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await status(client, issuer.keys[0].token()) == 200
    monkeypatch.setattr(jwks, "TIMEOUT_SECONDS", 0.5)
    issuer.misbehave = _never
    assert await status(client, Key("unknown").token()) == 401
    assert await status(client, issuer.keys[0].token()) == 200
