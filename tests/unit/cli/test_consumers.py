"""What brokers show of workers, and what follows from it."""

from dataclasses import replace

import pytest

from celery_health.broker import BrokerReading, BrokerReason, QueueReading
from celery_health.cli.consumers import (
    RedisClients,
    bound_names,
    counted,
    with_rabbit_evidence,
    with_redis_evidence,
)
from celery_health.fleet.sights import WorkerSight

WORKER = WorkerSight(
    name="celery@a",
    consuming=True,
    slots=2,
    active_count=0,
    running=(),
    reserved=0,
    eta_held=0,
    queues=("mail",),
    prefetch=8,
)
NOBODY_WAITS = RedisClients(waiting=0)


def test_clients_of_the_database_are_counted_by_what_they_do_now() -> None:
    clients = [
        {"db": "0", "psub": "1", "cmd": "psubscribe", "flags": "P"},
        {"db": "0", "psub": "0", "cmd": "brpop", "flags": "b"},
        {"db": "0", "psub": "0", "cmd": "brpop", "flags": "N"},
        {"db": "3", "psub": "1", "cmd": "brpop", "flags": "b"},
    ]
    assert counted(clients, 0) == RedisClients(listening=1, waiting=1)


def test_names_come_from_the_bindings_of_remote_control() -> None:
    bindings = [b"\x06\x16\x06\x16celery@a.celery.pidbox", b"\x06\x16\x06\x16other.queue"]
    assert bound_names(bindings, "celery") == {"celery@a"}


def test_no_more_answers_are_expected_than_connections_listen() -> None:
    assert RedisClients(names=frozenset({"a", "b"}), listening=1).expected == 1
    assert RedisClients(names=None, listening=1).expected is None


def test_an_idle_worker_is_deaf_where_nobody_waits_for_messages() -> None:
    (worker,) = with_redis_evidence([WORKER], [NOBODY_WAITS, NOBODY_WAITS])
    assert worker.consuming is False


@pytest.mark.parametrize(
    ("worker", "looks"),
    [
        (WORKER, [NOBODY_WAITS, RedisClients(waiting=1)]),
        (WORKER, [NOBODY_WAITS]),
        (WORKER, [RedisClients(), RedisClients()]),
        (replace(WORKER, active_count=1), [NOBODY_WAITS, NOBODY_WAITS]),
        (replace(WORKER, reserved=8), [NOBODY_WAITS, NOBODY_WAITS]),
    ],
    ids=["someone waits", "one look", "not permitted", "busy", "full"],
)
def test_without_clear_evidence_the_worker_keeps_its_word(
    worker: WorkerSight, looks: list[RedisClients]
) -> None:
    assert with_redis_evidence([worker], looks) == (worker,)


@pytest.mark.parametrize(("consumers", "consuming"), [(0, False), (1, True), (None, True)])
def test_rabbitmq_tells_whether_a_queue_has_a_consumer(consumers: int | None, consuming: bool) -> None:
    queue = QueueReading("mail", 0, consumers=consumers)
    broker = BrokerReading("amqp", "amqp://b", True, BrokerReason.REACHABLE, "", (queue,))
    (worker,) = with_rabbit_evidence([WORKER], broker)
    assert worker.consuming is consuming
