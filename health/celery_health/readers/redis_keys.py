"""The keys that kombu's Redis transport makes: lists of messages and the bindings of queues."""

import re

from celery_health.broker import RedisNaming

BINDING = "_kombu.binding."
"""Before the name of an exchange: the set of what is bound to it."""
# Exchanges of remote control, its replies and events: their queues belong to one process each.
_OF_PROCESSES = re.compile(r"(.*\.)?pidbox\Z|celeryev(\..*)?\Z")
_GLOB = re.compile(r"([\\*?\[\]])")


def list_keys(queue: str, naming: RedisNaming) -> list[str]:
    """The lists of a queue: the step 0 has no suffix."""
    steps = naming.priority_steps or (0,)
    return [
        f"{naming.key_prefix}{queue}{naming.separator}{step}" if step else f"{naming.key_prefix}{queue}"
        for step in steps
    ]


def binding_pattern(naming: RedisNaming) -> str:
    """For SCAN: the bindings of every exchange. Wildcards in a prefix stand for themselves."""
    return glob_escaped(naming.key_prefix) + BINDING + "*"


def glob_escaped(text: str) -> str:
    """The text as a pattern that matches nothing but itself."""
    return _GLOB.sub(r"\\\1", text)


def holds_task_queues(binding_key: str, naming: RedisNaming) -> bool:
    """Whether the exchange behind the key is one of the application's, not of remote control or events."""
    return not _OF_PROCESSES.match(binding_key.removeprefix(naming.key_prefix + BINDING))


def queue_of(member: str, naming: RedisNaming) -> str:
    """The queue that a member of a binding's set names, or nothing: ``routing key, pattern, queue``."""
    queue = member.rpartition(naming.separator)[2]
    return "" if _OF_PROCESSES.match(queue) else queue
