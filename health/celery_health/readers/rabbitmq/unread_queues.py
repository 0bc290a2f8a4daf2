"""Queues that no worker reads by design: those that delay messages, and those that keep refused ones.

RabbitMQ moves a message that is refused, or that has expired, to the exchange ``x-dead-letter-exchange`` of
its queue, which an argument or a policy sets.
"""

from collections.abc import Iterable
from typing import Any

import msgspec


class Arguments(msgspec.Struct):
    """Arguments of a queue. The server may be anyone's, so that a value may be anything."""

    dead_letter_exchange: Any = msgspec.field(default=None, name="x-dead-letter-exchange")
    dead_letter_routing_key: Any = msgspec.field(default=None, name="x-dead-letter-routing-key")
    message_ttl: Any = msgspec.field(default=None, name="x-message-ttl")


class Policy(msgspec.Struct, rename="kebab"):
    """What a policy says of a queue."""

    dead_letter_exchange: Any = None
    dead_letter_routing_key: Any = None
    message_ttl: Any = None


class ListedQueue(msgspec.Struct):
    """A queue, as the management API lists it. Without arguments or policy it has an empty list there."""

    name: str
    arguments: Arguments | list[Any] | None = None
    effective_policy_definition: Policy | list[Any] | None = None


class Binding(msgspec.Struct):
    """A binding, as the management API lists it."""

    source: str
    destination: str
    destination_type: str


def names_an_exchange(queues: Iterable[ListedQueue]) -> bool:
    """Whether only the bindings of an exchange show where some queue sends its dead letters."""
    return any(_setting(queue, "dead_letter_exchange") for queue in queues)


def unread_by_design(queues: Iterable[ListedQueue], bindings: Iterable[Binding]) -> frozenset[str]:
    """The names of delaying queues and of dead-letter queues.

    A queue whose messages expire and go elsewhere delays them: where they go is a queue of tasks. To which
    queues of its exchange a refused message goes is open: it may have a routing key of its own.
    """
    unread, exchanges = set[str](), set[str]()
    for queue in queues:
        exchange = _setting(queue, "dead_letter_exchange")
        if not isinstance(exchange, str):
            continue
        if _setting(queue, "message_ttl") is not None:
            unread.add(queue.name)
        elif exchange:
            exchanges.add(exchange)
        # The default exchange: the routing key is the name of a queue.
        elif isinstance(key := _setting(queue, "dead_letter_routing_key"), str):
            unread.add(key)
    unread.update(
        binding.destination
        for binding in bindings
        if binding.source in exchanges and binding.destination_type == "queue"
    )
    return frozenset(unread)


def _setting(queue: ListedQueue, name: str) -> Any:
    """The queue's own argument, or that of its policy. None: there is none."""
    own = getattr(queue.arguments, name, None)
    return getattr(queue.effective_policy_definition, name, None) if own is None else own
