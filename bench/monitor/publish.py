"""Publishes events at a steady rate: a program of its own, so that its CPU time is not counted."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from itertools import islice

import amqp
from redis import Redis

from bench.monitor.events import CHANNEL, EVENTS_OF_A_TASK, bodies, envelope
from celery_health.urls import BrokerKind, parse

Publish = Callable[[Sequence[object]], None]

_STEP_SECONDS = 0.02
_EXCHANGE, _ROUTING_KEY = "celeryev", "task.multi"


def main() -> None:
    """Publish the events of the tasks; print the events that were published and the seconds that took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("broker", help="the URL of a Redis or a RabbitMQ")
    parser.add_argument("tasks", type=int)
    parser.add_argument("batch", type=int)
    parser.add_argument("rate", type=float, help="events per second; 0 as fast as possible")
    options = parser.parse_args()
    publish = publisher(options.broker)
    # In pieces, so that the timestamps are about those of the sending.
    source = bodies(options.tasks, options.batch)
    events_per_step = options.rate * _STEP_SECONDS if options.rate else 2000 * options.batch
    step = max(1, round(events_per_step / options.batch))
    began = time.monotonic()
    sent = 0
    while piece := list(islice(source, step)):
        publish(piece)
        sent += len(piece) * options.batch
        if options.rate:
            time.sleep(max(0.0, began + sent / options.rate - time.monotonic()))
    print(options.tasks * EVENTS_OF_A_TASK, time.monotonic() - began)


def publisher(broker: str) -> Publish:
    """Publishes bodies as a worker does."""
    url = parse(broker)
    return _to_rabbitmq(url.host, url.port or 5672) if url.kind is BrokerKind.AMQP else _to_redis(broker)


def _to_redis(broker: str) -> Publish:
    redis = Redis.from_url(broker)

    def publish(found: Sequence[object]) -> None:
        pipeline = redis.pipeline(transaction=False)
        for body in found:
            pipeline.publish(CHANNEL, envelope(body))
        pipeline.execute()

    return publish


def _to_rabbitmq(host: str, port: int) -> Publish:
    connection = amqp.Connection(f"{host}:{port}")
    connection.connect()
    channel = connection.channel()

    def publish(found: Sequence[object]) -> None:
        for body in found:
            message = amqp.Message(
                json.dumps(body), content_type="application/json", content_encoding="utf-8"
            )
            channel.basic_publish(message, _EXCHANGE, _ROUTING_KEY)

    return publish


if __name__ == "__main__":
    main()
