"""One check while it runs: what it checks, with which options, and how much time is left."""

import asyncio
from dataclasses import dataclass, field

from celery_health.broker import BrokerReader, BrokerReading
from celery_health.readers.reachability import timed_out_after
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.budget import Budget
from celery_health.survey.snapshot import CheckOptions


@dataclass(slots=True)
class CheckRun:
    """One check while it runs. ``registered_tasks``: the tasks that any worker knows, where asked for."""

    connection: AppConnection
    options: CheckOptions
    budget: Budget
    queue_names: list[str] = field(default_factory=list)
    registered_tasks: frozenset[str] = frozenset()


async def read_broker(run: CheckRun, reader: BrokerReader) -> BrokerReading:
    """Read the broker and the queues that are known so far, within the budget."""
    try:
        async with asyncio.timeout(run.budget.left):
            return await reader.read(run.queue_names)
    except TimeoutError:
        url = run.connection.broker
        return timed_out_after(url, run.budget.seconds).reading(url)
