"""The example application with a quorum queue on RabbitMQ, mounted into its workers."""

from kombu import Exchange, Queue

from shop.celery import app

QUEUE = "default"

app.conf.update(
    task_queues=[
        Queue(
            QUEUE,
            Exchange(QUEUE, type="direct"),
            routing_key=QUEUE,
            queue_arguments={"x-queue-type": "quorum"},
        )
    ]
)
