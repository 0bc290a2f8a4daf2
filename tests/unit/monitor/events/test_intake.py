"""The intake merges what a receiver delivers, in bounded memory and without blocking the loop."""

import asyncio

import pytest
from tools.testbed.waiting import wait_for_async

from celery_monitor.events.intake import Intake
from celery_monitor.events.merge import Merger
from celery_monitor.events.receivers import Sink
from tests.unit.monitor.events.samples import T0, WORKER, envelope, fields


class Broker:
    """A receiver that delivers what the test puts into it."""

    envelopes = True
    connected = True
    last_received = None
    error = None

    def __init__(self, *messages: bytes) -> None:
        self._messages = messages

    async def run(self, sink: Sink) -> None:
        for message in self._messages:
            sink([message], T0 + 100)
        await asyncio.Event().wait()


def started(number: int) -> bytes:
    return envelope(fields("task-started", 1, task=f"t{number}"))


async def test_all_that_arrives_is_merged() -> None:
    merger = Merger()
    intake = Intake(Broker(*(started(number) for number in range(500))), merger)
    task = asyncio.create_task(intake.run())

    async def merged() -> bool:
        return len(merger) == 500

    await wait_for_async(merged)
    assert intake.buffered_bytes == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_what_does_not_fit_is_dropped_the_oldest_first_and_counted() -> None:
    merger = Merger()
    message = started(1)
    intake = Intake(Broker(), merger, max_bytes=10 * (len(message) + 64))
    for number in range(25):
        intake.take([started(number % 10)], T0)
    assert merger.counters.dropped == 15
    assert intake.buffered_bytes <= 10 * (len(message) + 64)


async def test_a_flood_at_ten_times_the_capacity_costs_messages_and_neither_memory_nor_the_loop() -> None:
    merger = Merger()
    message = started(1)
    most = 100 * (len(message) + 64)
    intake = Intake(Broker(), merger, max_bytes=most)
    task = asyncio.create_task(intake.run())
    sent, turns = 0, 0
    # Each turn of the loop brings ten times of what the buffer takes, and what is merged in a turn is less.
    for _ in range(200):
        for number in range(10):
            intake.take([started(number)] * 100, T0)
            assert intake.buffered_bytes <= most
        sent += 1_000
        await asyncio.sleep(0)
        turns += 1

    async def merged() -> bool:
        return intake.buffered_bytes == 0

    await wait_for_async(merged)
    counters = merger.counters
    assert turns == 200
    assert counters.dropped > 0
    assert counters.dropped + counters.messages == sent
    assert len(merger) <= 10
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_first_messages_wait_until_it_may_begin_and_the_time_of_their_receipt_stays() -> None:
    merger = Merger()
    intake = Intake(Broker(started(1)), merger, wait_seconds=600)
    task = asyncio.create_task(intake.run())

    async def taken() -> bool:
        return intake.buffered_bytes > 0

    async def merged() -> bool:
        return len(merger) == 1

    await wait_for_async(taken)
    await asyncio.sleep(0)
    assert len(merger) == 0
    intake.begin()
    await wait_for_async(merged)
    assert merger.workers[WORKER].last_seen == T0 + 100
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("seconds", "most"), [(0.01, 16 * 1024 * 1024), (600, 1_000)], ids=["for a while", "in half the buffer"]
)
async def test_messages_do_not_wait_for_ever(seconds: float, most: int) -> None:
    merger = Merger()
    intake = Intake(Broker(started(1), started(2)), merger, wait_seconds=seconds, max_bytes=most)
    task = asyncio.create_task(intake.run())

    async def merged() -> bool:
        return len(merger) == 2

    await wait_for_async(merged)
    assert merger.counters.dropped == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
