"""What Redis shows of its clients is evidence also where it stands still for a while."""

import redis as redis_client
from tools.testbed.servers import RedisServer

from celery_health.survey.app_connection import AppConnection
from celery_health.survey.budget import Budget
from celery_health.survey.evidence.broker_clients import BrokerClients
from celery_health.survey.evidence.redis_clients import (
    other_listeners,
    with_proven_listeners,
    with_proven_waiting,
)
from celery_health.urls import parse


def stand_still(redis: RedisServer) -> None:
    """Have the server answer nothing for three seconds: longer than the shortest check waits for a proof."""
    with redis_client.Redis(port=redis.port) as client:
        client.client_pause(3000)


async def test_a_check_with_enough_time_waits_for_a_redis_that_stands_still(redis: RedisServer) -> None:
    none = BrokerClients(listeners=0, waiting=0)
    connection = AppConnection(redis.url, parse(redis.url))

    stand_still(redis)
    assert await with_proven_listeners(connection, none, Budget(150)) == none
    stand_still(redis)
    assert await with_proven_waiting(connection, none, 1, Budget(150)) == none


async def test_what_listens_elsewhere_is_unknown_if_redis_does_not_say_it_in_time(redis: RedisServer) -> None:
    connection = AppConnection(redis.url, parse(redis.url))

    stand_still(redis)
    in_time = await other_listeners(connection, Budget(0.5))
    later = await other_listeners(connection, Budget(300))

    assert in_time is None
    assert later is not None
