"""The Redis keys that kombu uses: lists of messages, and the bindings of queues to exchanges."""

import re
from collections.abc import AsyncIterator
from typing import Any

from celery_health.broker import RedisNaming
from celery_health.wire.names import DEAD_LETTER_SUFFIX

BINDING = "_kombu.binding."
"""The prefix of an exchange's name. The key holds the set of queues that are bound to the exchange."""
# Exchanges of remote control, its replies and events. Each of their queues belongs to one process.
_NOT_TASK_EXCHANGES = re.compile(r"(.*\.)?pidbox\Z|celeryev(\..*)?\Z")
_GLOB = re.compile(r"([\\*?\[\]])")
_SCAN_STEPS, _SCAN_COUNT = 20, 1_000


def list_keys(queue: str, naming: RedisNaming) -> list[str]:
    """The lists of a queue, one for each priority step. Step 0 has no suffix."""
    steps = naming.priority_steps or (0,)
    return [
        f"{naming.key_prefix}{queue}{naming.separator}{step}" if step else f"{naming.key_prefix}{queue}"
        for step in steps
    ]


def binding_pattern(naming: RedisNaming) -> str:
    """The SCAN pattern for the bindings of every exchange."""
    return glob_escaped(naming.key_prefix) + BINDING + "*"


def dead_letter_pattern(naming: RedisNaming) -> str:
    """The SCAN pattern for the dead-letter queues of every application."""
    return f"{glob_escaped(naming.key_prefix)}*{DEAD_LETTER_SUFFIX}"


async def scanned(
    client: Any, pattern: str, steps: int = _SCAN_STEPS
) -> AsyncIterator[tuple[list[bytes], bool]]:
    """The keys that match, in parts, and with each part whether it is the last. Of a large Redis, some.

    ``steps``: how many thousand keys are scanned at most.
    """
    cursor = 0
    for _ in range(steps):
        cursor, found = await client.scan(cursor, match=pattern, count=_SCAN_COUNT)
        is_last = int(cursor) == 0
        yield found, is_last
        if is_last:
            return


def glob_escaped(text: str) -> str:
    """A pattern that matches exactly this text."""
    return _GLOB.sub(r"\\\1", text)


def holds_task_queues(binding_key: str, naming: RedisNaming) -> bool:
    """Whether the exchange of this key carries tasks, and not remote control or events."""
    return not _NOT_TASK_EXCHANGES.match(binding_key.removeprefix(naming.key_prefix + BINDING))


def queue_of(member: str, naming: RedisNaming) -> str:
    """The task queue that a member of a binding set names, empty if none: ``routing key, pattern, queue``."""
    queue = member.rpartition(naming.separator)[2]
    return "" if _NOT_TASK_EXCHANGES.match(queue) else queue
