"""Queues on RabbitMQ.

RabbitMQ shows a message only by delivering it. That sets its redelivered flag, and counts as a delivery where
a quorum queue has a limit of deliveries. So the monitor reads no messages there, and removes no single one.
"""

import amqp

from celery_health.readers.rabbitmq.connection import connected
from celery_health.readers.timeouts import PATIENT_SECONDS
from celery_health.urls import BrokerUrl


def count(url: BrokerUrl, queue: str) -> int | None:
    """How many messages are ready; None if there is no such queue. It blocks, and raises as py-amqp."""
    connection = connected(url, seconds=PATIENT_SECONDS)
    try:
        return int(connection.channel().queue_declare(queue=queue, passive=True).message_count)
    except amqp.NotFound:
        return None
    finally:
        connection.collect()


def purge(url: BrokerUrl, queue: str) -> int:
    """Remove all ready messages; how many. It blocks, and raises as py-amqp."""
    connection = connected(url, seconds=PATIENT_SECONDS)
    try:
        return int(connection.channel().queue_purge(queue))
    finally:
        connection.collect()
