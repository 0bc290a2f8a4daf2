"""Why a message could not be moved: the true cause, what to do, and never the text of the message."""

from types import SimpleNamespace
from typing import Any

import amqp
import pytest
from redis import exceptions

from celery_health.wire.bounds import NAME_LENGTH
from celery_probe.agent.worker.quarantine.dead_letter import BlockedError
from celery_probe.agent.worker.quarantine.problems import DECLARE, PUBLISH, why_not_moved

QUEUE = "shop.dead-letter"
REFUSED = "ACCESS_REFUSED - access to queue 'shop.dead-letter' in vhost 'v' refused for user 'bob'"


def problem(
    error: BaseException, kind: str, queue: str = QUEUE, *, user: str = "bob", vhost: str = "v"
) -> str:
    consumer = SimpleNamespace(
        connection=SimpleNamespace(
            transport=SimpleNamespace(driver_type=kind), userid=user, virtual_host=vhost
        )
    )
    return why_not_moved(error, consumer, queue)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            amqp.AccessRefused(REFUSED, DECLARE),
            "RabbitMQ user bob has no configure permission on shop.dead-letter.",
        ),
        (amqp.AccessRefused(REFUSED, PUBLISH), "RabbitMQ user bob has no write permission on amq.default."),
        (amqp.AccessRefused(REFUSED, DECLARE), "rabbitmqctl set_permissions -p v bob CONFIGURE WRITE READ"),
        (amqp.exceptions.MessageNacked(), "the queue shop.dead-letter is full (max-length)"),
        (BlockedError(), "too little memory or disk space"),
        (TimeoutError(), "RabbitMQ does not answer in time."),
        (ConnectionRefusedError(), "RabbitMQ cannot be reached."),
        (amqp.NotFound("gone"), "RabbitMQ refuses it: NotFound (404)."),
    ],
)
def test_on_rabbitmq(error: BaseException, said: str) -> None:
    assert said in problem(error, "amqp")


BEFORE = 'Command # 1 (LPUSH shop.dead-letter {"password": "geheim"}) of pipeline caused error: '


@pytest.mark.parametrize("before", ["", BEFORE])
@pytest.mark.parametrize(
    ("kind", "answer", "said"),
    [
        (
            exceptions.ResponseError,
            "OOM command not allowed when used memory > 'maxmemory'.",
            "Redis is full",
        ),
        (
            exceptions.NoPermissionError,
            "this user has no permissions to run the 'lpush' command",
            "Redis refuses user bob. Run: ACL SETUSER bob +lpush",
        ),
        (
            exceptions.NoPermissionError,
            "this user has no permissions to access one of the keys used as arguments",
            "Redis refuses user bob. Run: ACL SETUSER bob '~shop.dead-letter'",
        ),
        (exceptions.ReadOnlyError, "You can't write against a read only replica.", "Redis is read-only"),
        (
            exceptions.ResponseError,
            "WRONGTYPE Operation against a key",
            "The Redis key shop.dead-letter is not a list",
        ),
        (exceptions.TimeoutError, "Timeout reading from socket", "Redis does not answer in time."),
        (exceptions.ConnectionError, "Error 111 connecting", "Redis cannot be reached."),
        (exceptions.ResponseError, "ERR of another kind", "Redis refuses it: ResponseError."),
    ],
)
def test_on_redis(kind: Any, answer: str, said: str, before: str) -> None:
    found = problem(kind(before + answer), "redis")
    assert said in found
    assert "geheim" not in found


def test_a_long_name_of_a_queue_leaves_room_for_what_to_do() -> None:
    error, user, vhost = amqp.AccessRefused(REFUSED, DECLARE), "u" * 20, "v" * 10
    found = problem(error, "amqp", "q" * 244 + ".dead-letter", user=user, vhost=vhost)
    assert len(found) <= NAME_LENGTH
    assert "CONFIGURE WRITE READ" in found
