"""Brokers of the folder. A test finds none of the messages and queues of the tests before it."""

from collections.abc import Iterator

import pytest
import redis as redis_client
from tools.testbed.servers import RabbitServer, RedisServer, rabbit_server, redis_server

from tests.integration.dead_letters.quarantine import QUEUE, amqp_connection


@pytest.fixture(scope="package")
def running_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="package")
def running_rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    with rabbit_server(tmp_path_factory.mktemp("rabbit")) as server:
        yield server


@pytest.fixture
def redis(running_redis: RedisServer) -> RedisServer:
    with redis_client.Redis(port=running_redis.port) as connection:
        connection.flushall()
    return running_redis


@pytest.fixture
def rabbit(running_rabbit: RabbitServer) -> RabbitServer:
    with amqp_connection(running_rabbit) as connection:
        channel = connection.channel()
        for queue in (QUEUE, "celery"):
            channel.queue_delete(queue)
    return running_rabbit
