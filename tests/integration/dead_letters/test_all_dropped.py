"""All messages of a queue are dropped, whatever RabbitMQ sends first: its next message or "empty"."""

from contextlib import closing

import amqp
import pytest
from tools.testbed.servers import RabbitServer

from celery_health.broker import RedisNaming
from celery_health.dead_letters.opening import open_dead_letters
from celery_health.urls import parse
from tests.integration.dead_letters.quarantine import QUEUE, amqp_connection, declare, lengths

ROUNDS = 10


@pytest.mark.parametrize("count", [3, 7])
def test_on_rabbitmq_no_message_is_taken_for_gone(count: int, rabbit: RabbitServer) -> None:
    with (
        amqp_connection(rabbit) as connection,
        closing(open_dead_letters(parse(rabbit.url), RedisNaming(), QUEUE)) as opened,
    ):
        channel = connection.channel()
        declare(channel)
        for _ in range(ROUNDS):
            for number in range(count):
                headers = {"task": "t", "id": f"id-{number}"}
                channel.basic_publish_confirm(amqp.Message(b"", application_headers=headers), "", QUEUE)
            digests = [letter.digest for letter in opened.read(100).letters]
            assert len(digests) == count
            assert all(result.done for result in opened.drop(digests))
            assert lengths(channel, QUEUE) == [0]
