"""What a worker answers to remote control, as typed values. Every answer is bounded."""

from collections.abc import Mapping, Sequence
from sys import intern
from typing import Any

import msgspec

from celery_health.survey.answers.registered import read_registered
from celery_health.survey.answers.stats import read_stats
from celery_monitor.remote_control.remote_control import RemoteControl, RemoteControlError

COMMANDS = ("stats", "active_queues", "registered")
MAX_QUEUES_OF_WORKER = 1_000
"""A worker of which this number is known may consume others. The report of a pod has no more, either."""
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
    found, tasks = read_stats(stats), read_registered(registered, MAX_TASKS_OF_WORKER)
    return Inspected(
        slots=found.slots,
        pool=found.pool,
        prefetch=found.prefetch,
        pid=found.pid,
        uptime=found.uptime,
        queues=_queues(queues),
        tasks=None if tasks is None else tasks.names,
        rate_limits={} if tasks is None else tasks.rate_limits,
    )


def _queues(answer: Any) -> tuple[str, ...] | None:
    if not isinstance(answer, list):
        return None
    names = (queue.get("name") for queue in answer[:MAX_QUEUES_OF_WORKER] if isinstance(queue, dict))
    return tuple(intern(name) for name in names if isinstance(name, str) and 0 < len(name) <= _MAX_NAME)
