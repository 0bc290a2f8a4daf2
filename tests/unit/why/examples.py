"""Facts of one task, for tests that change some of them."""

from dataclasses import replace
from typing import Any, NamedTuple

from celery_health.why.facts import (
    BlockingTask,
    Held,
    Holder,
    Place,
    Queue,
    Sources,
    TaskFacts,
)
from celery_health.why.reasons import WhyReason

NOW = 1_790_000_000.0
ALL_WORKERS = Sources(broker="redis://broker:6379/0", workers_known=True, worker_count=3, backend=True)
IN_CLUSTER = Place(app="shop", namespace="production", resource="shop")


def facts(**known: Any) -> TaskFacts:
    return replace(TaskFacts("4c1f", NOW, "shop.mail"), **known)


def queue(**known: Any) -> Queue:
    return replace(Queue("mail", ready=200, found=True), **known)


def holder(held: Held, **known: Any) -> Holder:
    return replace(Holder("w1@a", held), **known)


LONG_TASK = BlockingTask("77aa", "shop.report", running_for=2400.0)


class Case(NamedTuple):
    """What is known, the reason, and what the sentence must contain."""

    situation: str
    facts: TaskFacts
    reason: WhyReason
    said: tuple[str, ...]
