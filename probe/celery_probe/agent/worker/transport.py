"""What kombu's transport shows of itself: the one place that reads its private attributes.

Read in the sources of kombu 5.3, 5.4, 5.5, 5.6 and 5.7. Every reading is guarded: an attribute that a release
moved makes one value unknown (None) and counts one error.
"""

from __future__ import annotations

from typing import Any, Callable

from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker.state import NO_EVIDENCE


class TransportReader:
    """Reads the transport of a running consumer, in the thread that runs the consumer's loop."""

    def __init__(self, errors: ErrorLog) -> None:
        self._errors = errors

    def evidence(self, consumer: Any) -> dict[str, Any]:
        """The ``transport`` object of a report."""
        kind = self._read("kind", lambda: str(consumer.connection.transport.driver_type)) or ""
        evidence: dict[str, Any] = {
            **NO_EVIDENCE,
            "kind": kind,
            "consumer_tags": self._read("consumer_tags", lambda: len(_confirmed_tags(consumer, kind))),
        }
        if kind == "redis":
            channel = consumer.task_consumer.channel
            evidence["poller"] = self._read("poller", lambda: _has_poller(consumer))
            evidence["polling"] = self._read("polling", lambda: bool(channel._in_poll))
            evidence["can_consume"] = self._read("can_consume", lambda: bool(channel.qos.can_consume()))
            evidence["priority_steps"] = self._read(
                "priority_steps", lambda: [int(step) for step in channel.priority_steps]
            )
            evidence["separator"] = self._read("separator", lambda: str(channel.sep))
            evidence["key_prefix"] = self._read("key_prefix", lambda: str(channel.global_keyprefix))
            evidence["visibility_timeout"] = self._read(
                "visibility_timeout", lambda: float(channel.visibility_timeout)
            )
            evidence["pop_timeout"] = self._read("pop_timeout", lambda: _pop_timeout(channel))
        return evidence

    def answer_mark(self, consumer: Any, kind: str) -> Any:
        """A mark that differs after every answer of the broker; None if the transport shows none."""
        channel = consumer.task_consumer.channel
        if kind == "redis":
            return self._read("answers", lambda: _redis_answers(channel))
        return self._read("answers", lambda: channel.connection.bytes_recv) if kind == "amqp" else None

    def _read(self, name: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except Exception as error:
            self._errors.add("transport." + name, error)
            return None


def queue_names(consumer: Any) -> list[str]:
    """The queues that the worker is to consume from."""
    return [queue.name for queue in list(consumer.task_consumer.queues)]


def queue_of(consumer: Any, request: Any) -> str:
    """The queue that a request came from, as far as its message shows; else its routing key."""
    arrived = request.message.delivery_info or {}
    tag = arrived.get("consumer_tag")
    address = (arrived.get("exchange") or "", arrived.get("routing_key") or "")
    task_consumer = consumer.task_consumer
    # There is none while the consumer has no connection.
    tags, queues = (task_consumer._active_tags, task_consumer.queues) if task_consumer else ({}, ())
    found = [name for name, known in list(tags.items()) if tag and known == tag]
    found += [
        queue.name
        for queue in list(queues)
        if (queue.exchange.name if queue.exchange else "", queue.routing_key) == address
    ]
    return str(found[0] if found else address[1])


def is_quiet(evidence: dict[str, Any]) -> bool:
    """Whether nothing more can arrive from the broker: no subscription, and no pop still to be answered."""
    awaited = evidence.get("polling") and evidence.get("can_consume") and evidence.get("poller") is not False
    return not evidence["consumer_tags"] and not awaited


def is_polling(consumer: Any) -> bool:
    """Whether a blocking pop is outstanding. From any thread: it reads one attribute."""
    return bool(getattr(consumer.task_consumer.channel, "_in_poll", None))


def fetches(evidence: dict[str, Any], queues: int) -> bool | None:
    """Whether messages reach this worker, by its transport at this moment; None if it does not show that."""
    tags = evidence["consumer_tags"]
    if tags is None:
        return None
    if tags < queues or not queues:
        return False
    if evidence["kind"] != "redis":
        return True
    if evidence["poller"] is False:
        return False
    if evidence["polling"] is None or evidence["can_consume"] is None:
        return None
    return bool(evidence["polling"] or not evidence["can_consume"])


def is_answer_due(evidence: dict[str, Any]) -> bool:
    """Whether the broker owes an answer that the worker would read: with Redis, to its blocking pop."""
    return evidence["kind"] != "redis" or bool(evidence["polling"] and evidence["can_consume"])


def may_fetch(evidence: dict[str, Any]) -> bool:
    """Whether only an outstanding pop was missing: between two pops there is none."""
    return bool(evidence["consumer_tags"]) and evidence.get("poller") is not False


def _confirmed_tags(consumer: Any, kind: str) -> list[str]:
    tags = list(consumer.task_consumer._active_tags.values())
    channel = consumer.task_consumer.channel
    if kind == "amqp":
        # The broker cancels a consumer whose queue is deleted: py-amqp then forgets its callback.
        return [tag for tag in tags if channel.is_open and tag in channel.callbacks]
    if kind == "redis":
        return [tag for tag in tags if tag in channel._tag_to_queue]
    return tags


def _pop_timeout(channel: Any) -> float | None:
    """After how many seconds Redis answers a pop of nothing; None where it waits for ever."""
    # It can be set since kombu 5.6, and is 1 before.
    return float(getattr(channel, "brpop_timeout", 1)) or None


def _redis_answers(channel: Any) -> Any:
    """When redis-py will next check the pop's connection: it puts that off at every answer."""
    connection = getattr(vars(channel).get("client"), "connection", None)
    return connection.next_health_check if connection and connection.health_check_interval else None


def _has_poller(consumer: Any) -> bool | None:
    """Whether the event loop calls the poll hook of the connection in use; None for a pool without a loop.

    Hooks of earlier connections may linger, so the hook has to belong to this connection's own poller.
    """
    if consumer.hub is None:
        return None
    cycle = consumer.connection.transport.cycle
    return any(_belongs_to(hook, cycle) for hook in list(consumer.hub.on_tick))


def _belongs_to(hook: Any, cycle: Any) -> bool:
    cells = getattr(hook, "__closure__", None) or ()
    return any(getattr(cell.cell_contents, "__self__", None) is cycle for cell in cells)
