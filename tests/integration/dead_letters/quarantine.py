"""Messages of real producers, moved to a dead-letter queue as quarantine moves them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import amqp
import redis as redis_client
from tools.testbed.celery_versions import World
from tools.testbed.servers import RabbitServer, RedisServer
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import PROJECT, environment

QUEUE = "celery.dead-letter"
PRODUCER = """
import json, sys
from cli_shop import app, note
asked = json.load(sys.stdin)
app.conf.update(asked["settings"])
print(note.apply_async(args=asked["args"], kwargs=asked["kwargs"], **asked["options"]).id)
"""


def send(
    world: World,
    broker: str,
    notes: Path,
    word: str,
    *,
    settings: dict[str, Any] | None = None,
    **options: Any,
) -> str:
    """Send the task that adds ``word`` to ``notes``, by a producer of that Celery. Returns the task's id."""
    asked = {
        "args": [str(notes), word],
        "kwargs": {"password": "geheim"},
        "settings": settings or {},
        "options": options,
    }
    done = subprocess.run(
        [str(world.python()), "-c", PRODUCER],
        input=json.dumps(asked),
        cwd=PROJECT,
        env=environment(broker),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def quarantine_on_redis(redis: RedisServer, key: str, queue: str = QUEUE) -> bytes:
    """Move the oldest message of a list. Returns the raw message."""
    client: Any = redis_client.Redis(port=redis.port)
    raw: bytes = client.rpop(key)
    client.lpush(queue, raw)
    return raw


def amqp_connection(rabbit: RabbitServer) -> Any:
    """A connection of the test's own."""
    connection = amqp.Connection(f"127.0.0.1:{rabbit.port}", confirm_publish=True)
    connection.connect()
    return connection


def declare(channel: Any, queue: str = QUEUE) -> None:
    """The dead-letter queue."""
    channel.queue_declare(queue, durable=True, auto_delete=False)


def quarantine_on_rabbitmq(channel: Any, source: str, queue: str = QUEUE) -> Any:
    """Move the oldest message of a queue. Returns the message as it was there."""
    declare(channel, queue)
    original = wait_for(lambda: channel.basic_get(source), 15, "the message arrives")
    headers = dict(original.properties.get("application_headers") or {})
    headers["x-celery-probe-exchange"] = original.delivery_info["exchange"]
    headers["x-celery-probe-routing-key"] = original.delivery_info["routing_key"]
    moved = amqp.Message(original.body, **{**original.properties, "application_headers": headers})
    channel.basic_publish(moved, exchange="", routing_key=queue, mandatory=True)
    channel.basic_ack(original.delivery_tag)
    return original


def lengths(channel: Any, *queues: str) -> list[int]:
    """The ready messages of the queues."""
    return [channel.queue_declare(queue, passive=True).message_count for queue in queues]


def lines(notes: Path) -> list[str]:
    """One line for each run of the task."""
    return notes.read_text().split() if notes.exists() else []
