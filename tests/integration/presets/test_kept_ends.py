"""Ends of workers stay at the broker: bounded, and read by each worker that starts."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from kombu import Connection
from redis import Redis
from tools.testbed.servers import RabbitServer, RedisServer

from celery_probe.agent.own_quarantine import kept_ends
from celery_probe.agent.own_quarantine.kept_ends import KeptEnds
from tests.integration.presets.test_quarantine import BROKERS, url

__all__ = ["url"]

KEY = "shop:ends.kept.dead-letter.pidbox"


@pytest.fixture
def consumer(url: str) -> Iterator[Any]:
    """A consumer as far as it is used, with a prefix of its keys in Redis."""
    options = {"global_keyprefix": "shop:"} if url.startswith("redis") else {}
    with Connection(url, transport_options=options) as connection:
        yield SimpleNamespace(connection=connection)


@BROKERS
def test_the_last_ends_stay_however_often_they_are_read(
    consumer: Any, broker: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_ends, "MOST_KEPT", 5)
    kept = KeptEnds("kept.dead-letter")
    assert kept.read(consumer) == []
    for number in range(7):
        kept.add(consumer, {"id": f"é-{number}", "returns": True, "ran_for": None})
    for _ in range(2):
        found = kept.read(consumer)
        assert [end["id"] for end in found] == [f"é-{number}" for number in range(2, 7)]
        assert all(0 <= end["age"] < 60 and end["returns"] is True for end in found)
    server: RedisServer | RabbitServer = request.getfixturevalue(broker)
    if isinstance(server, RedisServer):
        with Redis.from_url(server.url) as client:
            assert 1100 < client.ttl(KEY) <= 1200
    else:
        assert "ends.kept.dead-letter.pidbox" in server.control("list_queues", "name")
