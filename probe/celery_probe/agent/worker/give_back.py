"""The end of a worker whose time is over while tasks run: what it has not acknowledged goes back to Redis.

A worker that is killed leaves its messages to the visibility timeout, an hour by default. Celery's own cold
shutdown is no help: up to 5.4 it acknowledges the very tasks that it kills, and 5.7 loses or keeps them in
some pools. RabbitMQ needs none of this: it hands out again what a closed connection had.
"""

from __future__ import annotations

from contextlib import suppress
from queue import Empty
from signal import SIGKILL
from typing import Any, Collection, Iterable

from celery_probe.agent import natives

STANDARD_ERROR = 2
EXIT_STATUS = 1


def give_back(consumer: Any, active: Iterable[Any]) -> int:
    """Put every unacknowledged message at the head of its queue; gives their number.

    Call it from the consumer's timer with the requests that run. It uses a connection of its own, because the
    consumer's may have a pop outstanding. Raises what the broker's client raises: call it again for the rest.
    """
    qos = consumer.task_consumer.channel.qos
    running = {request.message.delivery_tag: request for request in active}
    tags = [tag for tag in list(qos._delivered) if tag not in qos._dirty]
    for tag in tags:
        qos.restore_by_tag(tag)
        # The next worker has it under the same tag: this one may neither acknowledge nor restore it any more.
        qos._quick_ack(tag)
        if tag in running:
            running[tag].acknowledged = True
    return len(tags)


def end_pop(channel: Any, in_loop: bool) -> None:
    """End an outstanding pop: Redis would answer it with what goes back, and the process ends without it.

    ``in_loop``: whether the caller runs in the consumer's loop, so that nothing else reads the answer.
    """
    connection = channel._in_poll
    if not connection:
        return
    if in_loop and connection.can_read(0):
        # The queue has no consumer any more: kombu puts a message back that was popped.
        with suppress(Empty):
            channel._brpop_read()
    else:
        connection.disconnect()
        channel._in_poll = None


def will_all_run_again(active: Collection[Any]) -> bool:
    """Whether each of these running requests can be given back, so that going on with them is for nothing.

    With none the worker ends as usual.
    """
    return bool(active) and not any(request.acknowledged for request in active)


def end(children: Iterable[int], count: int) -> None:
    """End this process and the children of its pool at once, before their tasks begin elsewhere."""
    said = f"celery-probe: no time left, {count} messages went back to their queues.\n"
    with suppress(OSError):
        natives.write(STANDARD_ERROR, said.encode())
    for child in children:
        with suppress(ProcessLookupError):
            natives.kill(child, SIGKILL)
    natives.exit_process(EXIT_STATUS)
