import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from celery_monitor.settings import Role
from celery_monitor.web.identity import kubernetes_api
from celery_monitor.web.identity.caller import Caller, CredentialCheckError, CredentialRefusedError, Source
from celery_monitor.web.identity.kubernetes_api import ApiServer
from celery_monitor.web.identity.kubernetes_tokens import ACCEPTED_SECONDS, KubernetesTokens

USER = {"username": "system:serviceaccount:shop:ci", "groups": ["system:serviceaccounts"], "uid": "7"}


class Cluster:
    """The two routes of an API server that the monitor needs."""

    def __init__(self) -> None:
        self.allowed: set[str] = set()
        self.review: Any = {"status": {"authenticated": True, "user": USER}}
        self.status = 201
        self.seen: list[dict[str, Any]] = []
        self.tokens: list[str] = []

    async def token_review(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers["Authorization"])
        self.seen.append(await request.json())
        return web.Response(status=self.status, text=json.dumps(self.review))

    async def access_review(self, request: web.Request) -> web.Response:
        document = await request.json()
        self.seen.append(document)
        verb = document["spec"]["resourceAttributes"]["verb"]
        return web.json_response({"status": {"allowed": verb in self.allowed}}, status=201)


Served = tuple[Cluster, ApiServer]


@pytest.fixture
async def cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Cluster, ApiServer]]:
    made = Cluster()
    application = web.Application()
    application.router.add_post("/apis/authentication.k8s.io/v1/tokenreviews", made.token_review)
    application.router.add_post("/apis/authorization.k8s.io/v1/subjectaccessreviews", made.access_review)
    (tmp_path / "token").write_text("own-token\n")
    (tmp_path / "namespace").write_text("shop")
    monkeypatch.setattr(kubernetes_api, "client_context", lambda ca_file: True)
    async with TestServer(application) as server:
        yield made, ApiServer(str(server.make_url("")).rstrip("/"), tmp_path)


@pytest.mark.parametrize(
    ("verbs", "role"),
    [
        (set(), None),
        ({"get"}, Role.VIEWER),
        ({"get", "patch"}, Role.OPERATOR),
        ({"get", "patch", "delete"}, Role.ADMIN),
    ],
)
async def test_the_permissions_of_the_user_give_the_role(
    cluster: Served, verbs: set[str], role: Role | None
) -> None:
    fake, server = cluster
    fake.allowed = verbs
    caller = await server.review("the-token")
    assert caller == Caller("system:serviceaccount:shop:ci", role, Source.KUBERNETES)
    assert fake.tokens == ["Bearer own-token"]
    assert fake.seen[0]["spec"] == {"token": "the-token"}
    asked = fake.seen[1]["spec"]
    assert asked["groups"] == ["system:serviceaccounts"]
    assert asked["resourceAttributes"]["namespace"] == "shop"


def web_token(payload: bytes) -> str:
    return f"header.{base64.urlsafe_b64encode(payload).rstrip(b'=').decode()}.signature"


@pytest.mark.parametrize(
    ("token", "expires"),
    [
        (web_token(b'{"exp": 1700000600}'), 1_700_000_600.0),
        (web_token(b'{"exp": 1700000600.5, "sub": "ann"}'), 1_700_000_600.5),
        ("opaque", None),
        ("a.b", None),
        ("a.\udc80.c", None),
        (web_token(b"{}"), None),
        (web_token(b"[]"), None),
        (web_token(b'{"exp": null}'), None),
        (web_token(b'{"exp": 1e999}'), None),
        (web_token(b'{"exp": "soon"}'), None),
        (web_token(b'{"exp": %d}' % 10**400), None),
        (web_token(b"[" * 100_000), None),
    ],
)
async def test_the_identity_ends_with_the_token(cluster: Served, token: str, expires: float | None) -> None:
    fake, server = cluster
    fake.allowed = {"get"}
    caller = await server.review(token)
    assert caller is not None
    assert caller.expires == expires


@pytest.mark.parametrize(
    "review",
    [
        {"status": {"authenticated": False}},
        {"status": {"user": USER}},
        {"status": {"authenticated": "yes", "user": USER}},
        {"status": {"authenticated": True}},
        {"status": {"authenticated": True, "user": {"username": 5}}},
        {"status": {"authenticated": True, "user": {"username": "a\nb"}}},
    ],
)
async def test_a_token_that_the_api_server_does_not_accept_has_no_caller(
    cluster: Served, review: Any
) -> None:
    fake, server = cluster
    fake.review = review
    assert await server.review("the-token") is None


@pytest.mark.parametrize(
    ("status", "review"), [(403, {}), (500, {}), (201, []), (201, {}), (201, {"status": 1})]
)
async def test_an_api_server_that_does_not_answer_refuses_no_token(
    cluster: Served, status: int, review: Any
) -> None:
    fake, server = cluster
    fake.status, fake.review = status, review
    with pytest.raises(CredentialCheckError, match="auth-delegator"):
        await server.review("the-token")


async def test_outside_a_cluster_no_token_can_be_checked(tmp_path: Path) -> None:
    with pytest.raises(CredentialCheckError):
        await ApiServer("http://127.0.0.1:1", tmp_path).review("the-token")


async def test_decisions_are_remembered_for_a_minute() -> None:
    now, asked = [0.0], []

    async def review(token: str) -> Caller | None:
        asked.append(token)
        return Caller("ann", Role.VIEWER, Source.KUBERNETES) if token == "good" else None

    tokens = KubernetesTokens(review, lambda: now[0])
    for _ in range(3):
        assert await tokens.caller("good") is not None
        with pytest.raises(CredentialRefusedError):
            await tokens.caller("bad")
    assert asked == ["good", "bad"]
    now[0] = ACCEPTED_SECONDS
    assert await tokens.caller("good") is not None
    assert asked == ["good", "bad", "good"]


async def test_a_decision_is_forgotten_when_its_token_ends() -> None:
    now, ends = [0.0], ACCEPTED_SECONDS / 2

    async def review(token: str) -> Caller | None:
        return Caller("ann", Role.VIEWER, Source.KUBERNETES, expires=ends) if now[0] < ends else None

    tokens = KubernetesTokens(review, lambda: now[0])
    assert await tokens.caller("good") is not None
    now[0] = ends
    with pytest.raises(CredentialRefusedError):
        await tokens.caller("good")


async def test_a_user_without_permissions_has_no_access() -> None:
    async def review(token: str) -> Caller | None:
        return Caller("pod", None, Source.KUBERNETES)

    with pytest.raises(CredentialRefusedError, match="permission to get CeleryDeployments"):
        await KubernetesTokens(review, lambda: 0.0).caller("token")


async def test_the_number_of_remembered_tokens_is_bounded() -> None:
    async def review(token: str) -> Caller | None:
        return None

    tokens = KubernetesTokens(review, lambda: 0.0)
    for number in range(1100):
        with pytest.raises(CredentialRefusedError):
            await tokens.caller(str(number))
    assert len(tokens._remembered) == 1000
