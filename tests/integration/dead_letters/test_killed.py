"""A replay that is killed between its steps loses no message."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from tools.testbed.celery_versions import CELERY_5_7
from tools.testbed.proxy import Cut, proxy
from tools.testbed.servers import RabbitServer, RedisServer
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import PROGRAMS, PROJECT, environment, run
from tests.integration.dead_letters.quarantine import (
    QUEUE,
    amqp_connection,
    lengths,
    quarantine_on_rabbitmq,
    quarantine_on_redis,
    send,
)

ARRIVE_SECONDS = 60.0


def kill_at(cut: Cut, marker: bytes, port: int, scheme: str) -> None:
    """Run ``replay --all``, and kill it with SIGKILL when the cut is reached."""
    with proxy(port) as between:
        between.fall_silent_at(marker, cut)
        broker = f"{scheme}://127.0.0.1:{between.port}/"
        command = [str(PROGRAMS / "celery-health"), "--broker", broker, "dead-letter", "replay", "--all"]
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            reached = between.reached.wait(ARRIVE_SECONDS)
        finally:
            process.kill()
            out, err = process.communicate(timeout=10)
        assert reached, (out, err)
        assert b"put back" not in out


@pytest.mark.parametrize(
    ("cut", "marker", "replayed"),
    [
        (Cut.BEFORE, b"WATCH", False),
        (Cut.BEFORE, b"MULTI", False),
        (Cut.BEFORE, b"LPUSH", False),
        (Cut.WITHIN, b"EXEC", False),
        (Cut.AFTER, b"EXEC", True),
    ],
    ids=lambda value: getattr(value, "value", str(value)),
)
def test_on_redis_the_message_is_in_exactly_one_place(
    cut: Cut, marker: bytes, replayed: bool, redis: RedisServer, tmp_path: Path
) -> None:
    with redis_client.Redis(port=redis.port) as client:
        send(CELERY_5_7, redis.url, tmp_path / "notes", "one")
        raw = quarantine_on_redis(redis, "celery")
        kill_at(cut, marker, redis.port, "redis")
        if replayed:
            wait_for(lambda: client.llen("celery"), 15, "the message is in the queue")
        found = [*client.lrange("celery", 0, -1), *client.lrange(QUEUE, 0, -1)]
        assert found == [raw]
        assert client.llen("celery") == int(replayed)

        again = run("dead-letter", "replay", "--all", "--broker", redis.url)
        assert again.code == 0
        assert client.lrange("celery", 0, -1) == [raw]


# What the client publishes contains the word; the answer to it is the acknowledgement that follows.
@pytest.mark.parametrize(("cut", "published"), [(Cut.BEFORE, 0), (Cut.WITHIN, 0), (Cut.AFTER, 1)])
def test_on_rabbitmq_the_message_is_in_at_least_one_place(
    cut: Cut, published: int, rabbit: RabbitServer, tmp_path: Path
) -> None:
    word = "a-word-that-is-nowhere-else"
    task_id = send(CELERY_5_7, rabbit.url, tmp_path / "notes", word)
    with amqp_connection(rabbit) as connection:
        channel = connection.channel()
        quarantine_on_rabbitmq(channel, "celery")
        kill_at(cut, word.encode(), rabbit.port, "amqp")
        wait_for(lambda: lengths(channel, QUEUE) == [1], 15, lambda: lengths(channel, QUEUE, "celery"))
        assert lengths(channel, "celery") == [published]

        dropped_or_replayed = "drop" if published else "replay"
        options = ["--yes"] if published else []
        again = run("dead-letter", dropped_or_replayed, task_id, *options, "--broker", rabbit.url)
        assert again.code == 0, again.err
        assert lengths(channel, QUEUE, "celery") == [0, 1]


def transactions(client: Any) -> int:
    """How many transactions of all clients have ended, or were refused."""
    return int(client.info("commandstats").get("cmdstat_exec", {}).get("calls", 0))


def test_on_redis_messages_that_arrive_during_a_replay_change_nothing(
    redis: RedisServer, tmp_path: Path
) -> None:
    """They change the watched list while the transaction is made."""
    with redis_client.Redis(port=redis.port) as client:
        ids = [send(CELERY_5_7, redis.url, tmp_path / "notes", str(number)) for number in range(3)]
        sent = client.lrange("celery", 0, -1)
        client.rename("celery", QUEUE)
        command = [str(PROGRAMS / "celery-health"), "--broker", redis.url, "dead-letter", "replay", *ids]
        with subprocess.Popen(command, cwd=PROJECT, env=environment(), stdout=subprocess.PIPE) as process:
            began = transactions(client)
            # A replay gives up after 100 attempts for one message.
            while process.poll() is None and transactions(client) < began + 60:
                client.lpush(QUEUE, "later")
                client.lpop(QUEUE)
                for _ in range(10):
                    client.ping()
        assert process.returncode == 0
        assert client.lrange("celery", 0, -1) == sent
        assert not client.exists(QUEUE)
