"""The operator's pushes: only with their own token, only within their bounds, and no part of the API."""

from io import BytesIO
from typing import Any

import pytest

from celery_health.wire.resource_push import PUSH_BYTES, PUSH_PATH, PUSH_TOKEN_HEADER, ResourcePush
from celery_monitor.web.push import PushReceiver
from tests.support.monitor_web import ADMIN, served
from tests.unit.wire.documents import encoded, push_document

TOKEN = "the-token-of-pushes"
HEADERS = {PUSH_TOKEN_HEADER: TOKEN}


def receiver(taken: list[ResourcePush]) -> PushReceiver:
    return PushReceiver(token=TOKEN, take=taken.append)


async def test_each_push_is_taken() -> None:
    taken: list[ResourcePush] = []
    async with served(push=receiver(taken)) as client:
        for health in ("Healthy", "Degraded"):
            body = encoded(push_document(health=health))
            assert (await client.post(PUSH_PATH, data=body, headers=HEADERS)).status == 202
    assert [one.health for one in taken] == ["Healthy", "Degraded"]


async def test_a_push_may_be_larger_than_other_bodies() -> None:
    taken: list[ResourcePush] = []
    body = encoded(push_document()) + b" " * (2 * 1024 * 1024)
    async with served(push=receiver(taken)) as client:
        assert (await client.post(PUSH_PATH, data=BytesIO(body), headers=HEADERS)).status == 202


@pytest.mark.parametrize("headers", [{}, {PUSH_TOKEN_HEADER: "another"}, {PUSH_TOKEN_HEADER: "é"}, ADMIN])
async def test_no_other_token_may_push(headers: dict[str, str]) -> None:
    taken: list[ResourcePush] = []
    async with served(push=receiver(taken)) as client:
        response = await client.post(PUSH_PATH, data=encoded(push_document()), headers=headers)
        assert response.status == 401
        assert TOKEN not in await response.text()
    assert taken == []


async def test_the_token_of_pushes_opens_no_other_route() -> None:
    async with served(push=receiver([])) as client:
        for headers in (HEADERS, {"Authorization": f"Bearer {TOKEN}"}):
            response = await client.get("/api/automation/monitoring/workers", headers=headers)
            assert response.status == 401


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b"", 400, "not valid JSON"),
        (b"[" * 100_000, 400, "The push of the operator"),
        (encoded(push_document(version=2)), 400, "has version 2"),
        (encoded(push_document(pods={})), 400, "in field pods"),
        (b" " * (PUSH_BYTES + 1), 413, "at most"),
    ],
    ids=["empty", "deep", "version", "wrong type", "large"],
)
async def test_a_push_outside_its_bounds_is_refused(body: bytes, status: int, detail: str) -> None:
    taken: list[ResourcePush] = []
    async with served(push=receiver(taken)) as client:
        response = await client.post(PUSH_PATH, data=BytesIO(body), headers=HEADERS)
        document: dict[str, Any] = await response.json(content_type="application/problem+json")
        assert (response.status, detail in document["detail"]) == (status, True), document
    assert taken == []


async def test_without_an_operator_there_is_no_such_route() -> None:
    async with served() as client:
        assert (await client.post(PUSH_PATH, data=b"", headers=ADMIN)).status == 404
