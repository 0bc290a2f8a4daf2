"""One check while it runs: what it checks, with which options, and how much time is left."""

import asyncio
from dataclasses import dataclass, field, replace

from celery_health.broker import BrokerReader, BrokerReading, without_queues
from celery_health.readers.reachability import timed_out_after
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.budget import Budget
from celery_health.survey.snapshot import CheckOptions


@dataclass(slots=True)
class CheckRun:
    """One check while it runs. ``registered_tasks``: the tasks that any worker knows, where asked for.

    ``private_queues``: queues that are exclusive, are deleted with their worker, or get broadcasts.

    ``dead_letters``: the messages in the application's dead-letter queue, None if it has none.
    """

    connection: AppConnection
    options: CheckOptions
    budget: Budget
    queue_names: list[str] = field(default_factory=list)
    registered_tasks: frozenset[str] = frozenset()
    private_queues: frozenset[str] = frozenset()
    dead_letters: int | None = None


async def read_broker(run: CheckRun, reader: BrokerReader) -> BrokerReading:
    """Read the broker and the queues that are known so far, within the budget."""
    dead = run.connection.dead_letter_queue if run.connection.has_quarantine else None
    try:
        async with asyncio.timeout(run.budget.left):
            reading = await reader.read([*run.queue_names, dead] if dead else run.queue_names)
    except TimeoutError:
        url = run.connection.broker
        return timed_out_after(url, run.budget.seconds).reading(url)
    run.dead_letters = next((queue.ready for queue in reading.queues if queue.name == dead), None)
    ignored = run.options.ignored_queues
    queues = tuple(queue for queue in reading.queues if queue.name != dead)  # its name is no pattern
    return replace(
        reading,
        queues=without_queues(queues, ignored),
        other_queues=without_queues(reading.other_queues, ignored),
    )
