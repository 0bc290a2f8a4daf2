"""What a worker answers to remote control, as typed values. Every answer is bounded."""

from collections.abc import Mapping, Sequence
from sys import intern
from typing import Any

import msgspec

from celery_monitor.remote_control.remote_control import RemoteControl, RemoteControlError

COMMANDS = ("stats", "active_queues", "registered")
MAX_QUEUES_OF_WORKER = 200
MAX_TASKS_OF_WORKER = 2_000
_MAX_NAME = 255


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    """The answers of one worker; None where it did not answer.

    ``uptime``: of its process, in seconds. ``rate_limits``: by the name of the task.
    """

    slots: int | None = None
    pool: str | None = None
    prefetch: int | None = None
    pid: int | None = None
    uptime: int | None = None
    queues: tuple[str, ...] | None = None
    tasks: tuple[str, ...] | None = None
    rate_limits: Mapping[str, str] = {}


async def inspect(remote_control: RemoteControl, names: Sequence[str]) -> dict[str, Inspected]:
    """What these workers answer. Those that do not answer are missing. It does not raise."""
    try:
        replies = await remote_control.ask(COMMANDS, names)
    except RemoteControlError:  # it is in remote_control.error, and the workers are asked again
        return {}
    # Any program can answer, with any name.
    found = {name for answers in replies.values() for name in answers} & set(names)
    return {name: inspected(*(replies.get(command, {}).get(name) for command in COMMANDS)) for name in found}


def inspected(stats: Any, queues: Any, registered: Any) -> Inspected:
    """From the answers to ``stats``, ``active_queues`` and ``registered``."""
    stats = stats if isinstance(stats, dict) else {}
    pool = stats.get("pool")
    pool = pool if isinstance(pool, dict) else {}
    tasks, rate_limits = _tasks(registered)
    return Inspected(
        slots=_slots(pool),
        pool=_pool(pool.get("implementation")),
        prefetch=_number(stats.get("prefetch_count")),
        pid=_number(stats.get("pid")),
        uptime=_number(stats.get("uptime")),
        queues=_queues(queues),
        tasks=tasks,
        rate_limits=rate_limits,
    )


def _number(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 2**53 else None


def _slots(pool: Mapping[str, Any]) -> int | None:
    """Of a prefork pool its processes: ``max-concurrency`` is the size that it was started with."""
    processes = pool.get("processes")
    if isinstance(processes, list) and processes:
        return len(processes)
    return _number(pool.get("max-concurrency"))


def _pool(implementation: Any) -> str | None:
    """``prefork`` of ``celery.concurrency.prefork:TaskPool``."""
    if not isinstance(implementation, str) or not implementation:
        return None
    module = implementation.partition(":")[0].rpartition(".")[2]
    return intern(module[:_MAX_NAME])


def _queues(answer: Any) -> tuple[str, ...] | None:
    if not isinstance(answer, list):
        return None
    names = (queue.get("name") for queue in answer[:MAX_QUEUES_OF_WORKER] if isinstance(queue, dict))
    return tuple(intern(name) for name in names if isinstance(name, str) and 0 < len(name) <= _MAX_NAME)


def _tasks(answer: Any) -> tuple[tuple[str, ...] | None, dict[str, str]]:
    """The names of the tasks, and their rate limits: ``shop.mail [rate_limit=10/m]``."""
    if not isinstance(answer, list):
        return None, {}
    names, limits = [], {}
    for text in answer[:MAX_TASKS_OF_WORKER]:
        if not isinstance(text, str) or len(text) > 4 * _MAX_NAME:
            continue
        name, _, details = text.partition(" [")
        name = intern(name[:_MAX_NAME])
        names.append(name)
        for part in details.rstrip("]").split():
            key, _, value = part.partition("=")
            if key == "rate_limit" and value:
                limits[name] = value[:_MAX_NAME]
    return tuple(names), limits
