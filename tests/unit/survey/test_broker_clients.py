"""What brokers show of workers, and what follows from it."""

from dataclasses import replace

import pytest

from celery_health.broker import BrokerReading, QueueReading, UnackedReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.survey.evidence.broker_clients import (
    CHECK_CLIENT,
    BrokerClients,
    UnresponsiveWorkers,
    bound_workers,
    count_clients,
    deaf_count_on_rabbitmq,
    deaf_on_rabbitmq,
    filled,
    idle_workers,
    marked_deaf,
    possibly_full,
    unresponsive_workers,
)
from celery_health.verdicts.worker_snapshot import WorkerSnapshot
from tests.unit.cli.examples import WORKER

BROKER = BrokerReading("redis", "redis://b", True, BrokerReason.REACHABLE, "")


def test_clients_of_the_database_are_counted_by_what_they_do_now() -> None:
    clients = [
        {"db": "0", "sub": "0", "psub": "1", "cmd": "psubscribe", "flags": "P"},
        {"db": "0", "sub": "0", "psub": "0", "cmd": "brpop", "flags": "b"},
        {"db": "0", "sub": "0", "psub": "0", "cmd": "brpop", "flags": "N"},
        {"db": "3", "sub": "0", "psub": "1", "cmd": "brpop", "flags": "b"},
        {"db": "0", "sub": "0", "psub": "1", "cmd": "brpop", "flags": "b", "name": CHECK_CLIENT},
    ]
    assert count_clients(clients, 0) == BrokerClients(subscribers=1, waiting=1)


@pytest.mark.parametrize(
    ("absent", "found"),
    [
        ("cmd", BrokerClients(subscribers=1)),
        ("flags", BrokerClients(subscribers=1)),
        ("psub", BrokerClients(waiting=1)),
        ("db", BrokerClients()),
    ],
)
def test_what_the_server_does_not_show_is_not_zero(absent: str, found: BrokerClients) -> None:
    client = {"db": "0", "sub": "1", "psub": "1", "cmd": "brpop", "flags": "b"}
    assert count_clients([{name: value for name, value in client.items() if name != absent}], 0) == found


def test_workers_of_one_name_are_counted_by_their_answers() -> None:
    both = replace(WORKER, copies=2)
    assert not unresponsive_workers(BrokerClients(listeners=2), [both], BROKER)
    assert not unresponsive_workers(BrokerClients(), [both], rabbit(2))
    assert deaf_count_on_rabbitmq([both], rabbit(1)) == 1


def test_names_come_from_the_bindings_of_remote_control() -> None:
    bindings = [b"\x06\x16\x06\x16celery@a.celery.pidbox", b"\x06\x16\x06\x16other.queue"]
    assert bound_workers(bindings, "celery") == {"celery@a"}


def rabbit(consumers: int | None) -> BrokerReading:
    queue = QueueReading("mail", 0, consumers=consumers)
    return BrokerReading("amqp", "amqp://b", True, BrokerReason.REACHABLE, "", (queue,))


@pytest.mark.parametrize(
    ("clients", "workers", "unresponsive"),
    [
        (BrokerClients(listeners=1), [WORKER], UnresponsiveWorkers()),
        (
            BrokerClients(listeners=2, bound_workers=frozenset({"celery@a", "b"})),
            [WORKER],
            UnresponsiveWorkers(1, ("b",)),
        ),
        # One of the two names is of a worker that was killed.
        (
            BrokerClients(listeners=1, bound_workers=frozenset({"b", "c"})),
            [],
            UnresponsiveWorkers(1, ("b", "c")),
        ),
        (BrokerClients(listeners=0, waiting=1, subscribers=0), [], UnresponsiveWorkers(1)),
        # Flower listens to events, and is no worker.
        (BrokerClients(listeners=0, waiting=0, subscribers=1), [], UnresponsiveWorkers()),
        (BrokerClients(), [], UnresponsiveWorkers()),
    ],
    ids=["all answered", "one of two", "killed", "no remote control", "Flower", "nothing known"],
)
def test_a_listener_that_does_not_answer_is_unresponsive(
    clients: BrokerClients, workers: list[WorkerSnapshot], unresponsive: UnresponsiveWorkers
) -> None:
    assert unresponsive_workers(clients, workers, BROKER) == unresponsive


def test_a_full_worker_without_remote_control_is_seen_by_its_unacknowledged_messages() -> None:
    broker = replace(BROKER, unacked=UnackedReading(3, 1.0))
    assert unresponsive_workers(
        BrokerClients(listeners=0, waiting=0, subscribers=1), [], broker
    ) == UnresponsiveWorkers(1)


def test_consumers_that_no_answer_explains_are_unresponsive_workers() -> None:
    assert unresponsive_workers(BrokerClients(), [WORKER], rabbit(3)) == UnresponsiveWorkers(2)
    assert unresponsive_workers(BrokerClients(), [], rabbit(1)) == UnresponsiveWorkers(1)
    assert unresponsive_workers(BrokerClients(), [WORKER], rabbit(None)) == UnresponsiveWorkers()


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
def test_a_worker_that_is_idle_and_not_full_waits_for_messages(worker: WorkerSnapshot, waits: bool) -> None:
    assert idle_workers([worker]) == ({"celery@a"} if waits else set())


@pytest.mark.parametrize(("consumers", "deaf"), [(0, {"celery@a"}), (1, set()), (None, set())])
def test_rabbitmq_shows_whether_a_queue_has_a_consumer(consumers: int | None, deaf: set[str]) -> None:
    found = deaf_on_rabbitmq([WORKER], rabbit(consumers))
    assert found == deaf
    assert marked_deaf([WORKER], found)[0].consuming is not bool(deaf)


def test_fewer_consumers_than_workers_are_counted_without_a_name() -> None:
    assert deaf_count_on_rabbitmq([WORKER, replace(WORKER, name="b")], rabbit(1)) == 1
    assert deaf_count_on_rabbitmq([WORKER], rabbit(2)) == 0


@pytest.mark.parametrize(
    ("unacked", "workers", "full"),
    [
        (8, [WORKER], {"celery@a"}),
        (7, [WORKER], set()),
        # The reserved tasks of the other worker are unacknowledged too.
        (9, [WORKER, replace(WORKER, name="b", reserved=2)], {"b"}),
        (10, [replace(WORKER, name="b", reserved=2)], {"b"}),
        (99, [replace(WORKER, prefetch=0)], set()),
        (99, [replace(WORKER, active_count=1)], set()),
    ],
    ids=["as many as fit", "fewer", "the nearest to full", "with its own", "without a limit", "at work"],
)
def test_unacknowledged_messages_may_fill_a_worker(
    unacked: int, workers: list[WorkerSnapshot], full: set[str]
) -> None:
    broker = replace(BROKER, unacked=UnackedReading(unacked, 1.0))
    found = possibly_full(workers, broker)
    assert found == full
    assert not possibly_full(filled(workers, found), broker)
    assert not possibly_full(workers, BROKER)
