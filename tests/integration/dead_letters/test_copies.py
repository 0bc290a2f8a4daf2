"""A broker delivers a message at least once, so that a dead-letter queue may have copies of one message."""

import json
from typing import Any

import amqp
import redis as redis_client
from tools.testbed.servers import RabbitServer, RedisServer

from tests.integration.cli.harness import run
from tests.integration.dead_letters.quarantine import QUEUE, amqp_connection, declare, lengths

TASK = {"task": "shop.encode", "id": "v-1"}


def test_on_redis_one_of_several_copies_is_put_back(redis: RedisServer) -> None:
    # kombu marks what it gives back to its queue, and the worker that gets it next may move it as well.
    raw = [
        _redis_message("video"),
        _redis_message("video", redelivered=True),
        _redis_message("other"),
        _redis_message("video"),
    ]
    with redis_client.Redis(port=redis.port) as client:
        client.lpush(QUEUE, *raw)
        replayed = run("dead-letter", "replay", "v-1#2", "--broker", redis.url)
        assert (replayed.code, replayed.err) == (0, "")
        assert replayed.out.splitlines() == [
            "v-1 (shop.encode): put back into videos.",
            "v-1 (shop.encode): copy removed.",
            "v-1 (shop.encode): copy removed.",
            "1 of 3 messages put back, 2 copies removed.",
        ]
        assert client.lrange("videos", 0, -1) == [raw[0].encode()]
        assert client.lrange(QUEUE, 0, -1) == [raw[2].encode()]


def test_on_rabbitmq_one_of_several_copies_is_put_back(rabbit: RabbitServer) -> None:
    with amqp_connection(rabbit) as connection:
        channel = connection.channel()
        for queue in (QUEUE, "videos"):
            declare(channel, queue)
        # A quorum queue counts deliveries in a header.
        for body, headers in (("video", TASK), ("other", TASK), ("video", TASK | {"x-delivery-count": 1})):
            message = amqp.Message(body, application_headers=headers)
            channel.basic_publish(message, exchange="", routing_key=QUEUE, mandatory=True)

        replayed = run("dead-letter", "replay", "v-1", "--to", "videos", "--broker", rabbit.url)
        assert (replayed.code, replayed.err) == (0, "")
        assert replayed.out.endswith("1 of 2 messages put, 1 copy removed.\n")
        assert lengths(channel, QUEUE, "videos") == [1, 1]

        everything = run("dead-letter", "replay", "--all", "--to", "videos", "--broker", rabbit.url)
        assert everything.out == "v-1 (shop.encode): put into videos.\n"
        assert lengths(channel, QUEUE, "videos") == [0, 2]


def _redis_message(body: str, **marks: Any) -> str:
    route = {"exchange": "", "routing_key": "videos", **marks}
    return json.dumps(
        {
            "body": body,
            "content-type": "application/json",
            "headers": TASK | marks,
            "properties": {"delivery_info": route, "delivery_tag": "tag", "priority": 0},
        }
    )
