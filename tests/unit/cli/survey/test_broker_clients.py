"""What brokers show of workers, and what follows from it."""

from dataclasses import replace

import pytest

from celery_health.broker import BrokerReading, QueueReading, UnackedReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.cli.survey.broker_clients import (
    Signs,
    Silent,
    bound_names,
    counted,
    deaf_on_rabbitmq,
    lacking_on_rabbitmq,
    silent_workers,
    waiting_workers,
    without_ears,
)
from celery_health.verdicts.worker_snapshot import WorkerSight
from tests.unit.cli.examples import WORKER

BROKER = BrokerReading("redis", "redis://b", True, BrokerReason.REACHABLE, "")


def test_clients_of_the_database_are_counted_by_what_they_do_now() -> None:
    clients = [
        {"db": "0", "psub": "1", "cmd": "psubscribe", "flags": "P"},
        {"db": "0", "psub": "0", "cmd": "brpop", "flags": "b"},
        {"db": "0", "psub": "0", "cmd": "brpop", "flags": "N"},
        {"db": "3", "psub": "1", "cmd": "brpop", "flags": "b"},
    ]
    assert counted(clients, 0) == Signs(listening=1, waiting=1)


def test_names_come_from_the_bindings_of_remote_control() -> None:
    bindings = [b"\x06\x16\x06\x16celery@a.celery.pidbox", b"\x06\x16\x06\x16other.queue"]
    assert bound_names(bindings, "celery") == {"celery@a"}


def rabbit(consumers: int | None) -> BrokerReading:
    queue = QueueReading("mail", 0, consumers=consumers)
    return BrokerReading("amqp", "amqp://b", True, BrokerReason.REACHABLE, "", (queue,))


@pytest.mark.parametrize(
    ("signs", "workers", "silent"),
    [
        (Signs(hearing=1), [WORKER], Silent()),
        (Signs(hearing=2, names=frozenset({"celery@a", "b"})), [WORKER], Silent(1, ("b",))),
        # One of the two names is of a worker that was killed.
        (Signs(hearing=1, names=frozenset({"b", "c"})), [], Silent(1, ("b", "c"))),
        (Signs(hearing=0, waiting=1, listening=0), [], Silent(1)),
        # Flower listens to events, and is no worker.
        (Signs(hearing=0, waiting=0, listening=1), [], Silent()),
        (Signs(), [], Silent()),
    ],
    ids=["all answered", "one of two", "killed", "no remote control", "Flower", "nothing told"],
)
def test_who_hears_and_does_not_answer_is_silent(
    signs: Signs, workers: list[WorkerSight], silent: Silent
) -> None:
    assert silent_workers(signs, workers, BROKER) == silent


def test_a_full_worker_without_remote_control_is_seen_by_what_it_holds() -> None:
    holding = replace(BROKER, unacked=UnackedReading(3, 1.0))
    assert silent_workers(Signs(hearing=0, waiting=0, listening=1), [], holding) == Silent(1)


def test_consumers_that_no_answer_explains_are_silent_workers() -> None:
    assert silent_workers(Signs(), [WORKER], rabbit(3)) == Silent(2)
    assert silent_workers(Signs(), [], rabbit(1)) == Silent(1)
    assert silent_workers(Signs(), [WORKER], rabbit(None)) == Silent()


@pytest.mark.parametrize(
    ("worker", "waits"),
    [
        (WORKER, True),
        (replace(WORKER, active_count=1), False),
        (replace(WORKER, reserved=8), False),
        (replace(WORKER, consuming=False), False),
    ],
    ids=["idle", "busy", "full", "drained"],
)
def test_who_is_idle_and_not_full_waits_for_messages(worker: WorkerSight, waits: bool) -> None:
    assert waiting_workers([worker]) == ({"celery@a"} if waits else set())


@pytest.mark.parametrize(("consumers", "deaf"), [(0, {"celery@a"}), (1, set()), (None, set())])
def test_rabbitmq_tells_whether_a_queue_has_a_consumer(consumers: int | None, deaf: set[str]) -> None:
    found = deaf_on_rabbitmq([WORKER], rabbit(consumers))
    assert found == deaf
    assert without_ears([WORKER], found)[0].consuming is not bool(deaf)


def test_fewer_consumers_than_readers_are_counted_without_a_name() -> None:
    assert lacking_on_rabbitmq([WORKER, replace(WORKER, name="b")], rabbit(1)) == 1
    assert lacking_on_rabbitmq([WORKER], rabbit(2)) == 0
