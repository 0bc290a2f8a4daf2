"""A look under way: what is asked, of whom, in which time."""

import asyncio
from dataclasses import dataclass, field

from celery_health.broker import BrokerReader, BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.cli.survey.app_connection import Target
from celery_health.cli.survey.budget import Budget
from celery_health.cli.survey.snapshot import Questions


@dataclass(slots=True)
class Look:
    """One look under way. ``names``: queues; ``registered``: tasks that workers have, where asked for."""

    target: Target
    questions: Questions
    budget: Budget
    names: list[str] = field(default_factory=list)
    registered: frozenset[str] = frozenset()


async def read(look: Look, reader: BrokerReader) -> BrokerReading:
    """The broker and the queues known so far; never longer than the budget allows."""
    try:
        async with asyncio.timeout(look.budget.left):
            return await reader.read(look.names)
    except TimeoutError:
        target = look.target.broker
        return BrokerReading(
            target.kind.value,
            target.address,
            False,
            BrokerReason.TIMED_OUT,
            f"{target.address} does not answer within {look.budget.seconds:g} s: see whether it hangs.",
        )
