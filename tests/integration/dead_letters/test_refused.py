"""RabbitMQ refuses: the message says which permission is missing, and nothing is doubled."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import amqp
import pytest
from tools.testbed.celery_versions import CELERY_5_7
from tools.testbed.servers import RabbitServer, rabbit_server
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import run
from tests.integration.dead_letters.quarantine import (
    QUEUE,
    amqp_connection,
    declare,
    lengths,
    quarantine_on_rabbitmq,
    send,
)

USER = "shop"


@pytest.fixture
def channel(rabbit: RabbitServer, tmp_path: Path) -> Iterator[Any]:
    """Two dead letters, and a user without any permission."""
    with amqp_connection(rabbit) as connection:
        channel = connection.channel()
        declare(channel, "celery")
        for word in ("one", "two"):
            send(CELERY_5_7, rabbit.url, tmp_path / "notes", word)
            quarantine_on_rabbitmq(channel, "celery")
        rabbit.control("add_user", USER, "secret")
        rabbit.control("set_permissions", USER, "", "", "")
        yield channel
        rabbit.control("delete_user", USER)


def test_the_missing_permission_is_named(rabbit: RabbitServer, channel: Any) -> None:
    url = f"amqp://{USER}:secret@127.0.0.1:{rabbit.port}//"

    def refused(*command: str) -> str:
        done = run("--broker", url, "dead-letter", *command)
        assert done.code == 2
        assert "secret" not in done.err
        return done.err

    may_not_read = refused("list")
    assert f"user {USER} has no read permission on {QUEUE}. " in may_not_read
    assert f"rabbitmqctl set_permissions -p / {USER} CONFIGURE WRITE READ" in may_not_read
    assert "read permission" in refused("replay", "--all")
    rabbit.control("set_permissions", USER, "", "", ".*")
    may_not_write = refused("replay", "--all")
    assert may_not_write.count(f"user {USER} has no write permission on amq.default. ") == 2
    assert lengths(channel, QUEUE, "celery") == [2, 0]
    rabbit.control("set_permissions", USER, "", "amq.default", ".*")
    assert run("--broker", url, "dead-letter", "replay", "--all").code == 0
    assert lengths(channel, QUEUE, "celery") == [0, 2]


def test_without_memory_each_attempt_says_so_and_leaves_no_copy(tmp_path: Path) -> None:
    with rabbit_server(tmp_path / "rabbit") as rabbit, amqp_connection(rabbit) as connection:
        channel = connection.channel()
        declare(channel, "celery")
        send(CELERY_5_7, rabbit.url, tmp_path / "notes", "one")
        quarantine_on_rabbitmq(channel, "celery")
        rabbit.control("set_vm_memory_high_watermark", "0.0000001")
        for _ in range(2):
            blocked = run("--broker", rabbit.url, "dead-letter", "replay", "--all")
            assert blocked.code == 2
            assert "blocks publishers" in blocked.err
        rabbit.control("set_vm_memory_high_watermark", "0.4")

        def replayed() -> bool:
            return run("--broker", rabbit.url, "dead-letter", "replay", "--all").code == 0

        wait_for(replayed, 30, "the alarm has ended")
        assert lengths(channel, QUEUE, "celery") == [0, 1]


def test_a_replay_of_more_messages_than_the_connection_has_channels_names_each_refusal(
    tmp_path: Path,
) -> None:
    with (
        rabbit_server(tmp_path / "rabbit", settings=("channel_max = 8",)) as rabbit,
        amqp_connection(rabbit) as connection,
    ):
        channel = connection.channel()
        declare(channel)
        full = {"x-max-length": 0, "x-overflow": "reject-publish"}
        channel.queue_declare("full", durable=True, auto_delete=False, arguments=full)
        for number in range(20):
            queue = "gone" if number % 2 else "full"
            headers = {"x-celery-probe-exchange": "", "x-celery-probe-routing-key": queue}
            body = amqp.Message(
                b"[[], {}, {}]", application_headers={"task": "t", "id": f"i{number}", **headers}
            )
            channel.basic_publish(body, routing_key=QUEUE)
        refused = run("--broker", rabbit.url, "dead-letter", "replay", "--all")
        assert refused.code == 2
        assert refused.err.count("The queue gone does not exist") == 10
        assert refused.err.count("the queue is full") == 10
        assert lengths(channel, QUEUE) == [20]
