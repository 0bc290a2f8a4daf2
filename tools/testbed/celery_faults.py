# mypy: disable-error-code="untyped-decorator"
# Celery ships no types, so its decorators are untyped.
"""Makes faults inside a Celery worker that was started with ``--include=celery_faults``, on order of a file.

Write the name of a fault into ``/tmp/celery-fault``: the worker's main process takes the file away and makes
the fault in the consumer's own loop. Standard library and Celery only: it runs on any Celery, in any pool.
A new start of the container, or a new connection to the broker, begins without a fault.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from celery import signals

COMMAND = Path(os.environ.get("CELERY_FAULT_FILE", "/tmp/celery-fault"))
POLL_SECONDS = 0.1

log = logging.getLogger(__name__)

consumers: list[Any] = []
dying_pool = threading.Event()
"""Set in the main process; children that are forked later inherit it."""


def deaf_redis(consumer: Any) -> None:
    """No blocking pop is sent any more: what a restart of Redis does to kombu 5.3."""
    cycle = consumer.connection.transport.cycle
    if consumer.hub is None:
        cycle._register_BRPOP = lambda channel: None
        return
    for hook in list(consumer.hub.on_tick):
        if getattr(hook, "__name__", "") == "on_poll_start":
            consumer.hub.on_tick.remove(hook)


def deaf_amqp(consumer: Any) -> None:
    """The broker delivers no more, and the client library knows it, as when a queue is deleted."""
    channel = consumer.task_consumer.channel
    for tag in list(consumer.task_consumer._active_tags.values()):
        channel.basic_cancel(tag, nowait=True)
        channel.callbacks.pop(tag, None)


def stall_redis(consumer: Any) -> None:
    """It pops as before, from lists that no client fills."""
    for channel in consumer.connection.transport.cycle._channels:
        channel._queue_cycle.consume = lambda count: ["a-queue-without-messages"]


def stall_amqp(consumer: Any) -> None:
    """The broker delivers no more, and nothing in the worker knows."""
    channel = consumer.task_consumer.channel
    for tag in list(consumer.task_consumer._active_tags.values()):
        channel.basic_cancel(tag, nowait=True)


def wedge(consumer: Any) -> None:
    """The loop stands still for good. What gevent and eventlet replace would not block it; this does."""
    while True:
        signal.pause()


def kill_pool(consumer: Any) -> None:
    """The pool's children die, and none that is forked from now on gets as far as to work."""
    dying_pool.set()
    for process in list(consumer.pool._pool._pool):
        os.kill(process.pid, signal.SIGKILL)


def by_broker(redis: Callable[[Any], None], amqp: Callable[[Any], None]) -> Callable[[Any], None]:
    """The one that fits the consumer's broker."""

    def make(consumer: Any) -> None:
        (amqp if consumer.connection.transport.driver_type == "amqp" else redis)(consumer)

    return make


FAULTS: dict[str, Callable[[Any], None]] = {
    "deaf": by_broker(deaf_redis, deaf_amqp),
    "deaf_redis": deaf_redis,
    "deaf_amqp": deaf_amqp,
    "stall": by_broker(stall_redis, stall_amqp),
    "wedge": wedge,
    "pool_death": kill_pool,
}


def make(name: str, consumer: Any) -> None:
    """Have the fault made by the consumer's own loop."""

    def in_the_loop() -> None:
        log.warning("Fault made on purpose: %s", name)
        try:
            FAULTS[name](consumer)
        except Exception:
            log.exception("The fault %s could not be made", name)

    consumer.call_soon(in_the_loop)


def watch() -> None:
    """Take the file away when it appears, and do what it says."""
    while True:
        time.sleep(POLL_SECONDS)
        try:
            name = COMMAND.read_text().strip()
            COMMAND.unlink()
        except FileNotFoundError:
            continue
        if name in FAULTS:
            make(name, consumers[-1])
        else:
            log.error("No such fault: %s; choose one of %s", name, ", ".join(FAULTS))


@signals.worker_ready.connect(weak=False)
def begin(sender: Any, **_: Any) -> None:
    """The consumer is there. It is the same one after each reconnect."""
    first = not consumers
    consumers.append(sender)
    if not first:
        return
    COMMAND.unlink(missing_ok=True)
    threading.Thread(target=watch, daemon=True, name="faults").start()
    if os.environ.get("CELERY_FAULT_AT_START"):
        make(os.environ["CELERY_FAULT_AT_START"], sender)


@signals.worker_process_init.connect(weak=False)
def hang_where_the_pool_dies(**_: Any) -> None:
    """A child that never says that it is up is killed by its parent, and another is forked."""
    while dying_pool.is_set():
        signal.pause()
