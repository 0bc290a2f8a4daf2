"""The queues on a Redis as kombu keeps them: which there are, and which of them takes a message."""

from bisect import bisect
from contextlib import suppress
from typing import Any

from redis import exceptions

from celery_health.broker import RedisNaming
from celery_health.dead_letters.message import Message
from celery_health.dead_letters.topics import topic_matches
from celery_health.readers.reachability import quoted
from celery_health.readers.redis.keys import (
    BINDING,
    binding_pattern,
    dead_letter_pattern,
    list_keys,
    scanned,
)

_MAX_BINDINGS = 1000
_MAX_OTHERS = 10
_HIGHEST_PRIORITY = 9


async def other_dead_letters(client: Any, naming: RedisNaming) -> tuple[str, ...]:
    """Other dead-letter queues, of which Redis keeps none without messages. In a large Redis, some."""
    prefix = naming.key_prefix
    keys = set[bytes]()
    # The user may not scan, or the server cannot: then no other queue is known.
    with suppress(exceptions.ResponseError):
        async for found, _ in scanned(client, dead_letter_pattern(naming)):
            keys |= set(found)
    return tuple(sorted(key.decode(errors="replace").removeprefix(prefix) for key in keys))[:_MAX_OTHERS]


async def is_declared(client: Any, naming: RedisNaming, queue: str) -> bool:
    """Whether the queue is bound, as those of workers are. True if Redis does not show it."""
    with suppress(exceptions.ResponseError):
        async for keys, is_last in scanned(client, binding_pattern(naming)):
            for key in keys:
                for member in await client.srandmember(key, _MAX_BINDINGS):
                    if member.decode(errors="replace").rpartition(naming.separator)[2] == queue:
                        return True
            if is_last:
                return False
    return True


async def queues_of(client: Any, naming: RedisNaming, found: Message) -> list[str]:
    """The queues that kombu would put the message into."""
    if found.routing_key is None:
        return []
    if not found.exchange:
        return [found.routing_key]
    key = f"{naming.key_prefix}{BINDING}{found.exchange}"
    members = await client.srandmember(key, _MAX_BINDINGS)
    bindings = [member.decode(errors="replace").split(naming.separator) for member in members]
    return sorted({queue for queue in (_bound(one, found.routing_key) for one in bindings) if queue})


def list_of(naming: RedisNaming, queue: str, found: Message) -> str:
    """The list of the queue for the message's priority."""
    try:
        given = int(found.properties["priority"])
    except (KeyError, TypeError, ValueError):
        given = 0
    steps = naming.priority_steps or (0,)
    number = bisect(steps, max(0, min(given, _HIGHEST_PRIORITY))) - 1
    return list_keys(queue, naming)[number]


def _bound(binding: list[str], routing_key: str) -> str:
    """The queue of a binding (routing key, pattern, queue) that takes the routing key, or an empty text."""
    if len(binding) != 3:
        return ""
    key, pattern, queue = binding
    return queue if (topic_matches(key, routing_key) if pattern else key == routing_key) else ""


def why_not(found: Message, queues: list[str]) -> str:
    """Why it is not clear which queue takes the message, and what to do."""
    if found.routing_key is None:
        return "The message does not show which queue it came from: use --to QUEUE."
    if len(queues) == 1:
        return f"The message was sent to {queues[0]} itself: use --to QUEUE."
    exchange, key = quoted(found.exchange), quoted(found.routing_key)
    route = f"bound to exchange {exchange} with routing key {key}"
    if not queues:
        return f"No queue is {route}: use --to QUEUE."
    return f"Several queues are {route}: {quoted(', '.join(queues))}. Choose one with --to QUEUE."
