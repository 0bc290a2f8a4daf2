"""Settings with which a worker ends at its start are refused, and cost a server little to find."""

from typing import cast

import pytest
import redis as redis_client
from celery import Celery
from tools.testbed.servers import RedisServer

from celery_health.survey.app_connection import resolve
from celery_health.survey.app_loading import ConfigurationError
from celery_health.survey.app_refusals import check_broker_settings, check_result_settings
from tests.integration.configurations.configured import health

SECONDS = 30.0


def connections(redis: RedisServer) -> int:
    """Those that the server has accepted before this one."""
    with redis_client.Redis(port=redis.port) as client:
        found = cast("dict[str, int]", client.info("stats"))
    return found["total_connections_received"] - 1


async def test_settings_are_tried_once_and_again_when_they_change(redis: RedisServer) -> None:
    app = Celery("shop", broker=redis.url, backend=redis.url, set_as_current=False)
    app.conf.broker_transport_options = {"max_connections": 9}
    connection = resolve(app, "shop", None, None, {})

    async def opened() -> int:
        before = connections(redis) + 1
        await check_broker_settings(connection, SECONDS)
        await check_result_settings(connection, SECONDS)
        return connections(redis) - before

    first = await opened()
    assert first >= 2
    assert [await opened() for _ in range(3)] == [0, 0, 0]
    app.conf.broker_connection_timeout = 3
    assert await opened() == first
    # A value that is changed in its place is another one as well.
    app.conf.broker_transport_options["max_connections"] = "9"
    for _ in range(2):
        with pytest.raises(
            ConfigurationError, match="settings for its broker that Celery refuses: ValueError"
        ):
            await check_broker_settings(connection, SECONDS)
    app.close()


def test_a_serializer_that_does_not_exist_ends_the_check(redis: RedisServer) -> None:
    outcome = health({"broker_url": redis.url, "accept_content": ["nosuch"]})
    assert outcome.code == 3
    assert "No encoder/decoder installed for nosuch" in outcome.err
