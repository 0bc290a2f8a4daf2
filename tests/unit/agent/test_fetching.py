"""Holding and resuming a kombu consumer, on kombu's own in-memory broker."""

import sys
from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from celery_probe.agent.worker import fetching

# Its annotations are partial: without Any every call would be one to an untyped function.
kombu: Any = import_module("kombu")


@pytest.fixture
def channel() -> Iterator[Any]:
    with kombu.Connection("memory://") as connection:
        yield connection.channel()


def consumer_of(channel: Any) -> Any:
    made = kombu.Consumer(
        channel, [kombu.Queue("a"), kombu.Queue("b")], callbacks=[lambda body, message: None]
    )
    made.consume()
    return made


def test_a_drained_consumer_has_no_subscription_whatever_calls_consume(channel: Any) -> None:
    consumer = consumer_of(channel)
    fetching.stop(consumer)
    consumer.consume()
    assert fetching.is_stopped(consumer)
    assert consumer._active_tags == {}


def test_a_queue_added_while_draining_is_read_after_it(channel: Any) -> None:
    consumer = consumer_of(channel)
    fetching.stop(consumer)
    consumer.add_queue(kombu.Queue("c"))
    consumer.consume()
    fetching.resume(consumer)
    assert sorted(consumer._active_tags) == ["a", "b", "c"]


def test_holding_twice_and_resuming_twice_changes_nothing(channel: Any) -> None:
    consumer = consumer_of(channel)
    fetching.stop(consumer)
    fetching.stop(consumer)
    fetching.resume(consumer)
    tags = dict(consumer._active_tags)
    fetching.resume(consumer)
    assert consumer._active_tags == tags
    assert not fetching.is_stopped(consumer)


def test_a_worker_about_to_stop_starts_nothing_that_it_holds() -> None:
    started: list[str] = []
    semaphore = import_module("kombu.asynchronous.semaphore").LaxBoundedSemaphore(1)
    consumer = SimpleNamespace(
        on_task_request=started.append, controller=SimpleNamespace(semaphore=semaphore), pool=None
    )
    for name in ("runs", "waits for a slot"):
        semaphore.acquire(started.append, name)
    fetching.start_nothing(consumer)
    fetching.start_nothing(consumer)
    semaphore.release()
    consumer.on_task_request("waited for its time")
    assert started == ["runs"]


def test_python_3_8_is_not_asked_to_cancel_what_its_threads_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = SimpleNamespace(controller=SimpleNamespace(), pool=SimpleNamespace(executor=object()))
    with monkeypatch.context() as patched:
        patched.setattr(sys, "version_info", (3, 8, 20))
        fetching.start_nothing(consumer)


def test_a_pool_without_slots_of_its_own_starts_nothing_either() -> None:
    started: list[str] = []
    consumer = SimpleNamespace(
        on_task_request=started.append, controller=SimpleNamespace(semaphore=None), pool=None
    )
    fetching.start_nothing(consumer)
    consumer.on_task_request("waited for its time")
    assert started == []


def test_a_consumer_that_was_never_held_is_left_alone(channel: Any) -> None:
    consumer = kombu.Consumer(channel, [kombu.Queue("a")])
    fetching.resume(consumer)
    assert consumer._active_tags == {}
