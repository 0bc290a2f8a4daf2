"""One check while it runs: what it checks, with which options, and how much time is left."""

import asyncio
from dataclasses import dataclass, field, replace

from celery_health.broker import BrokerReader, BrokerReading, matches_any, without_queues
from celery_health.readers.reachability import timed_out_after
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.budget import Budget
from celery_health.survey.snapshot import CheckOptions


@dataclass(slots=True)
class CheckRun:
    """One check while it runs. ``registered_tasks``: the tasks that any worker knows, where asked for.

    ``private_queues``: queues that are exclusive, are deleted with their worker, or get broadcasts.

    ``dead_letters``: the messages in the application's dead-letter queue, None if it has none.
    ``dead_letters_problem``: why that queue cannot be used.
    """

    connection: AppConnection
    options: CheckOptions
    budget: Budget
    queue_names: list[str] = field(default_factory=list)
    registered_tasks: frozenset[str] = frozenset()
    private_queues: frozenset[str] = frozenset()
    dead_letters: int | None = None
    dead_letters_problem: str = ""

    @property
    def asked_queues(self) -> tuple[str, ...]:
        """Those of ``--queue`` that are not ignored and not private.

        Each worker has a private queue of its own, and takes broadcasts without a queue in Redis.
        """
        return tuple(
            name
            for name in self.options.queues
            if name not in self.private_queues and not matches_any(name, self.options.ignored_queues)
        )


async def read_broker(run: CheckRun, reader: BrokerReader) -> BrokerReading:
    """Read the broker and the queues that are known so far, within the budget."""
    dead = run.connection.dead_letter_queue if run.connection.has_quarantine else None
    try:
        async with asyncio.timeout(run.budget.left):
            reading = await reader.read([*run.queue_names, dead] if dead else run.queue_names)
    except TimeoutError:
        url = run.connection.broker
        return timed_out_after(url, run.budget.seconds).reading(url)
    for queue in reading.queues:
        if queue.name == dead:
            run.dead_letters, run.dead_letters_problem = queue.ready, queue.problem
    ignored = run.options.ignored_queues
    queues = tuple(queue for queue in reading.queues if queue.name != dead)  # its name is no pattern
    return replace(
        reading,
        queues=without_queues(queues, ignored),
        other_queues=without_queues(reading.other_queues, ignored),
    )
