"""Ends of whole workers, kept at the broker: the process that counted such an end is gone with it.

Each is a message of a queue that no worker consumes, and of which no reader of brokers takes notice. A worker
that starts reads all of them. The broker forgets them when they are old.
"""

from __future__ import annotations

import json
from time import time
from typing import Any, Mapping

from kombu import Producer, Queue

from celery_probe.agent import contract, natives
from celery_probe.agent.own_quarantine.announcements import SUFFIX, short
from celery_probe.agent.own_quarantine.deaths import OLDEST_SECONDS
from celery_probe.agent.worker.own_connection import own_connection

# The workers that run know older ones by their announcements.
MOST_KEPT = 200
READ_SECONDS = 2.0


class KeptEnds:
    """Adds and reads. Both raise what the broker's client raises, and wait for a bounded time."""

    def __init__(self, dead_letter_queue: str) -> None:
        # Within the keys and queues that a broker's user needs for the announcements.
        self._name = f"ends.{short(dead_letter_queue)}{SUFFIX}"

    def add(self, consumer: Any, end: Mapping[str, Any]) -> None:
        """Keep an end; on return the broker has it."""
        with own_connection(consumer) as (transport, connection):
            channel = transport.create_channel(connection)
            text = json.dumps({**contract.bounded(end), "at": time()})
            if transport.driver_type == "redis":
                self._push(channel, text)
            else:
                self._publish(channel, text)

    def read(self, consumer: Any) -> list[dict[str, Any]]:
        """All that are kept, the oldest first, each with its ``age`` in seconds."""
        with own_connection(consumer) as (transport, connection):
            channel = transport.create_channel(connection)
            texts = self._listed(channel) if transport.driver_type == "redis" else self._fetched(channel)
        ends = [json.loads(text) for text in texts]
        # The clocks of hosts differ.
        return [{**end, "age": max(0.0, time() - end["at"])} for end in ends]

    def _push(self, channel: Any, text: str) -> None:
        key = channel.global_keyprefix + self._name
        with _client(channel).pipeline() as pipeline:
            pipeline.rpush(key, text)
            pipeline.ltrim(key, -MOST_KEPT, -1)
            pipeline.expire(key, int(OLDEST_SECONDS))
            pipeline.execute()

    def _listed(self, channel: Any) -> list[Any]:
        found: list[Any] = _client(channel).lrange(channel.global_keyprefix + self._name, 0, -1)
        return found

    def _publish(self, channel: Any, text: str) -> None:
        milliseconds = int(OLDEST_SECONDS * 1000)
        arguments = {
            # A quorum queue drops a message that was read often.
            "x-queue-type": "classic",
            "x-message-ttl": milliseconds,
            "x-expires": milliseconds,
            "x-max-length": MOST_KEPT,
        }
        Queue(self._name, queue_arguments=arguments, channel=channel).queue_declare()
        Producer(channel, auto_declare=False).publish(
            text.encode(),
            exchange="",
            routing_key=self._name,
            serializer=None,
            content_type="application/octet-stream",
            content_encoding="binary",
        )
        # The broker answers this once it has the message.
        channel.close()

    def _fetched(self, channel: Any) -> list[Any]:
        """The messages stay: those that are not acknowledged go back when their channel closes."""
        texts: list[Any] = []
        queue = Queue(self._name, channel=channel)
        try:
            queue.queue_declare(passive=True)
        except Exception as error:
            if type(error).__name__ != "NotFound":
                raise
            return []
        end = natives.monotonic() + READ_SECONDS
        while len(texts) < MOST_KEPT and natives.monotonic() < end:
            message = queue.get(no_ack=False)
            if message is None:
                break
            texts.append(message.body)
        channel.close()
        return texts


def _client(channel: Any) -> Any:
    """A plain client: that of kombu adds the prefix of keys to some commands only."""
    from kombu.transport.redis import redis  # noqa: PLC0415 - only where Redis is the broker

    return redis.Redis(connection_pool=channel.pool)
