import logging
from typing import Any

import pytest

from celery_monitor.settings import AccessSettings, RateLimit, Role
from tests.support.monitor_web import ACCESS, ADMIN, API, VIEWER, problem, served


def limited(requests: int) -> AccessSettings:
    return AccessSettings(tokens=ACCESS.tokens, rate_limit=RateLimit(requests, 3600))


async def statuses(client: Any, times: int, headers: Any, path: str = f"{API}/workers") -> list[int]:
    return [(await client.get(path, headers=headers)).status for _ in range(times)]


async def test_each_identity_has_a_limit_of_its_own() -> None:
    async with served(access=limited(3)) as client:
        assert await statuses(client, 5, VIEWER) == [200, 200, 200, 429, 429]
        assert await statuses(client, 1, ADMIN) == [200]
        response = await client.get(f"{API}/workers", headers=VIEWER)
        assert response.headers["Retry-After"] == "1200"
        assert "at most 3 in 3600 seconds" in (await problem(response))["detail"]


async def test_requests_without_an_identity_count_by_address() -> None:
    async with served(access=limited(3)) as client:
        assert await statuses(client, 5, {}) == [401, 401, 401, 429, 429]
        assert await statuses(client, 1, VIEWER) == [200]


async def test_probes_have_no_limit() -> None:
    async with served(access=limited(1)) as client:
        assert await statuses(client, 5, {}, "/healthz") == [200] * 5


async def test_failed_logins_have_a_stricter_limit() -> None:
    async with served(access=limited(1000)) as client:
        wrong = {"Authorization": "Bearer wrong-token-of-nothing"}
        assert await statuses(client, 1, VIEWER) == [200]
        assert await statuses(client, 12, wrong) == [401] * 10 + [429] * 2
        # A token that was accepted before still works, another one has to wait.
        assert await statuses(client, 1, VIEWER) == [200]
        assert await statuses(client, 1, ADMIN) == [429]
        login = await client.post(f"{API}/login", json={"token": "wrong"})
        assert login.status == 429


async def test_without_redis_memory_counts_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with served():
            pass
    assert "Rate limiting using memory storage" in caplog.messages
    assert Role.VIEWER.value not in caplog.text
