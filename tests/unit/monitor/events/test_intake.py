"""The intake merges what a receiver delivers, in bounded memory and without blocking the loop."""

import asyncio

from tools.testbed.waiting import wait_for_async

from celery_monitor.events.intake import Intake
from celery_monitor.events.merge import Merger
from celery_monitor.events.receivers import Sink
from tests.unit.monitor.events.samples import T0, envelope, fields


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
