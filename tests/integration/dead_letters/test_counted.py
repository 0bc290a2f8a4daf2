"""Who has dead letters sees that in the output of ``health``, without a command of its own."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import amqp
import pytest
import redis as redis_client
from tools.testbed.servers import RabbitServer, RedisServer
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import run
from tests.integration.dead_letters.quarantine import amqp_connection, declare
from tests.integration.dead_letters.test_errors import message

DEAD = "mail.dead-letter"
LINE = "2 messages in the dead-letter queue. To list: celery -A cli_quarantine health dead-letter list"


@pytest.fixture(params=["redis", "rabbit"])
def broker(request: pytest.FixtureRequest) -> Iterator[tuple[str, Callable[[], None]]]:
    """A broker's URL, and how to put two messages into its dead-letter queue."""
    if request.param == "redis":
        redis: RedisServer = request.getfixturevalue("redis")
        yield redis.url, lambda: _fill_redis(redis)
        return
    rabbit: RabbitServer = request.getfixturevalue("rabbit")
    with amqp_connection(rabbit) as connection:
        yield rabbit.url, lambda: _fill_rabbit(connection.channel())
        connection.channel().queue_delete(DEAD)


def _fill_redis(redis: RedisServer) -> None:
    with redis_client.Redis(port=redis.port) as client:
        client.lpush(DEAD, message("29a3b4be"), message("29a3ffff"))


def _fill_rabbit(channel: amqp.Channel) -> None:
    declare(channel, DEAD)
    for _ in range(2):
        channel.basic_publish(amqp.Message(b"{}"), routing_key=DEAD)


def test_dead_letters_of_the_preset_are_counted(broker: tuple[str, Callable[[], None]]) -> None:
    url, fill = broker

    def health(*options: str, app: str = "cli_quarantine") -> str:
        return run("-A", app, "--timeout", "30", *options, broker=url).out

    def counted() -> dict[str, Any] | None:
        document: dict[str, Any] = json.loads(health("--format", "json"))
        return document if document["dead_letters"] == 2 else None

    assert json.loads(health("--format", "json"))["dead_letters"] in {0, None}
    assert "dead-letter" not in health()
    fill()
    # A broker on a busy machine may not answer in the time of one reading.
    wait_for(lambda: LINE in health(), describe="the line")
    document = wait_for(counted, describe="the number in JSON")
    assert DEAD not in [queue["name"] for queue in document["queues"]]
    # An application without the preset has no such queue of its own.
    assert "dead-letter" not in health(app="cli_shop")
    listed = run("-A", "cli_quarantine", "dead-letter", "list", broker=url)
    assert listed.out.startswith(f"Dead-letter queue {DEAD}\n")
    assert [line for line in listed.out.splitlines() if line.endswith(" ")] == []


def test_a_key_that_is_no_list_is_named_and_the_broker_works(redis: RedisServer) -> None:
    with redis_client.Redis(port=redis.port) as client:
        client.set(DEAD, "text")
    found = run("-A", "cli_quarantine", "--timeout", "30", broker=redis.url)
    assert "answers" in found.out.splitlines()[0]
    problem = f"The dead-letter queue cannot be used: The Redis key {DEAD} is not a list."
    assert f"{problem} Rename or delete the key." in found.out
