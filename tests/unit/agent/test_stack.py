"""What a loop that stands still waits for."""

import threading

import pytest

from celery_probe.agent.stack import places_of, waits_for

LOOP = [("kombu.asynchronous.hub", "create_loop"), ("celery.worker.loops", "asynloop")]
ACK = [("kombu.transport.redis", "ack"), ("celery.worker.request", "on_accepted")]
READ = [("socket", "readinto"), ("redis._parsers.socket", "_read_from_socket"), ("redis.client", "execute")]
DELIVERY = [("kombu.transport.redis", "_brpop_read"), *LOOP]


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([*READ, *ACK, *LOOP], "broker"),
        ([("ssl", "recv"), ("amqp.transport", "read_frame"), ("kombu.transport.pyamqp", "drain")], "broker"),
        ([("gevent.hub", "switch"), ("gevent._socket3", "recv"), *READ, *ACK], "broker"),
        ([("redis.connection", "_connect"), ("redis.client", "execute"), *ACK, *LOOP], "connection"),
        ([("gevent._socketcommon", "connect"), ("redis.connection", "_connect"), *ACK], "connection"),
        ([("socket", "create_connection"), ("amqp.transport", "_connect"), *ACK], "connection"),
        ([("kombu.utils.functional", "retry_over_time"), ("kombu.connection", "x"), *ACK], "connection"),
        ([("redis.connection", "read_response"), ("redis.connection", "on_connect"), *ACK], "broker"),
        ([("kombu.utils.eventio", "poll"), *LOOP], ""),
        ([*READ, ("shop.signals", "on_received"), *DELIVERY], ""),
        ([("shop.signals", "on_received"), *DELIVERY], ""),
        ([("gevent.pool", "spawn"), ("celery.concurrency.gevent", "on_apply"), *DELIVERY], "slot"),
        ([("eventlet.greenpool", "spawn"), ("celery.concurrency.eventlet", "on_apply"), *DELIVERY], "slot"),
        ([*READ, ("shop.tasks", "pay"), ("celery.concurrency.base", "apply_target"), *DELIVERY], "task"),
        ([("celery.concurrency.asynpool", "send_job"), *LOOP], ""),
        ([], ""),
    ],
)
def test_the_stack_shows_what_the_loop_waits_for(places: list[tuple[str, str]], expected: str) -> None:
    assert waits_for(places) == expected


def test_the_stack_of_another_thread_is_read_from_the_inside_out() -> None:
    reached, release = threading.Event(), threading.Event()

    def stand_still() -> None:
        reached.set()
        release.wait(10)

    thread = threading.Thread(target=stand_still)
    thread.start()
    try:
        assert reached.wait(10)
        places = places_of(thread.ident or 0, None)
    finally:
        release.set()
        thread.join()
    assert (__name__, "stand_still") in places
    assert places[-1][0] == "threading"


def test_a_thread_that_ended_has_no_stack() -> None:
    assert places_of(-1, None) == []
