"""The readings of one check: which queues count, and the time that they may take."""

import asyncio
from collections.abc import Sequence

import pytest

from celery_health.broker import BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.budget import Budget
from celery_health.survey.check_run import CheckRun, read_broker
from celery_health.survey.snapshot import CheckOptions
from celery_health.survey.workers import _with_copies
from celery_health.urls import parse
from celery_health.verdicts.worker_snapshot import WorkerSnapshot

URL = "amqp://broker//"
WORKER = WorkerSnapshot(
    name="a", consuming=True, slots=1, active_count=0, running=(), reserved=0, eta=0, queues=("mail",)
)


def reading(*names: str) -> BrokerReading:
    queues = tuple(QueueReading(name, 3, exists=True, consumers=2) for name in names)
    return BrokerReading("amqp", "broker:5672", True, BrokerReason.REACHABLE, "It answers.", queues=queues)


class Reader:
    """Shows each queue that it is asked for, and ``others``; ``hangs``: it never answers."""

    def __init__(self, *others: str, hangs: bool = False) -> None:
        self._others = others
        self._hangs = hangs

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        if self._hangs:
            await asyncio.Event().wait()
        return reading(*queues, *self._others)

    async def close(self) -> None: ...


def a_run(default_queue: str = "celery", seconds: float = 5.0) -> CheckRun:
    connection = AppConnection(URL, parse(URL), default_queue=default_queue, has_quarantine=True)
    return CheckRun(connection, CheckOptions(ignored_queues=("ignored-*",)), Budget(seconds))


@pytest.mark.parametrize("default", ["jobs", "jobs[eu]", "jobs?", "jobs*"])
async def test_the_dead_letter_queue_alone_is_left_out_whatever_its_name(default: str) -> None:
    run = a_run(default)
    broker = await read_broker(run, Reader("jobs1.dead-letter", "ignored-1"))
    assert [queue.name for queue in broker.queues] == ["jobs1.dead-letter"]
    assert run.dead_letters == 3


async def test_a_broker_that_hangs_while_workers_of_one_name_are_counted_costs_no_more_than_the_budget() -> (
    None
):
    async with asyncio.timeout(5):
        workers = await _with_copies(a_run(seconds=0.1), Reader(hangs=True), (WORKER,), reading("mail"))
    assert workers == (WORKER,)
    assert (await _with_copies(a_run(), Reader(), (WORKER,), reading("mail")))[0].copies == 2


def test_a_queue_that_is_ignored_or_private_is_not_asked_for() -> None:
    run = a_run()
    run.options = CheckOptions(queues=("mail", "ignored-mail", "own"), ignored_queues=("ignored-*",))
    run.private_queues = frozenset({"own"})
    assert run.asked_queues == ("mail",)
