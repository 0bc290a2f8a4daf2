"""Rate limits in a real Redis, and in memory while Redis is away.

Document 004: "Persistent rate limiting across restarts", and the line of the log that says so.
"""

import logging
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from tools.testbed.servers import redis_server

from celery_health.urls import parse
from celery_monitor.settings import AccessSettings, RateLimit
from celery_monitor.web.limits import counters
from tests.support.monitor_web import ACCESS, API, VIEWER, served

# A window begins when the Unix time is a multiple of its length, and lets one more through.
LIMITED = AccessSettings(tokens=ACCESS.tokens, rate_limit=RateLimit(6, 1_000_000_000))


async def status(client: TestClient[Any, Any]) -> int:
    return (await client.get(f"{API}/workers", headers=VIEWER)).status


async def test_redis_counts_over_restarts_and_memory_while_redis_is_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(counters, "REDIS_SECONDS", 5.0)
    caplog.set_level(logging.INFO, counters.__name__)
    with redis_server(tmp_path, password="planted-password") as server:
        url = parse(server.url)
        async with served(access=LIMITED, redis=url) as client:
            assert "Rate limiting using Redis storage" in caplog.messages
            assert [await status(client) for _ in range(4)] == [200] * 4
        async with served(access=LIMITED, redis=url) as client:
            # Another process counts on.
            assert [await status(client) for _ in range(4)] == [200, 200, 429, 429]
            server.stop()
            caplog.clear()
            assert [await status(client) for _ in range(8)] == [200] * 6 + [429] * 2
            assert any(
                message.startswith("Rate limiting using memory storage") for message in caplog.messages
            )
            server.start()
            caplog.clear()
            await status(client)
            assert caplog.messages == ["Rate limiting using Redis storage"]
        assert "planted" not in caplog.text
