"""Where a task is sent: to the queue that the application knows, or to a queue as it is."""

from typing import Any

from celery_health.survey.app_connection import AppConnection


def route_options(
    connection: AppConnection, app: Any, name: str, queue: str | None, opened: Any
) -> dict[str, Any]:
    """The options of ``send_task`` for a queue; without a queue as the application routes the task.

    ``app`` sends the task, over the connection ``opened``. A queue that the application does not know is not
    declared: its arguments may be others than Celery's defaults.

    Raises:
        amqp.NotFound: RabbitMQ has no such queue, and would drop the message.
    """
    known = connection.app
    if queue is None and known is not None:
        queue = getattr(known.tasks.get(name), "queue", None)
    if queue is None or (known is not None and queue in app.amqp.queues):
        return {} if queue is None else {"queue": queue}
    from kombu import Exchange, Queue  # noqa: PLC0415

    if connection.broker.kind.is_amqp:
        # The default exchange drops a message for a queue that does not exist.
        opened.channel().queue_declare(queue, passive=True)
    bare = Queue(queue, Exchange("", type="direct"), routing_key=queue, no_declare=True)
    return {"queue": bare, "declare": []}
