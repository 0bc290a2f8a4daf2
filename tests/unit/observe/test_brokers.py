"""A reader is kept between readings, and closed when it hangs or its URL changes."""

import asyncio
from collections.abc import Sequence

import pytest

from celery_health.broker import BrokerReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_operator.observe import brokers
from celery_operator.observe.brokers import KeptReader

NAMING = RedisNaming()


class Reader:
    """Answers at once, or never."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.hangs = hangs
        self.closed = False

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        if self.hangs:
            await asyncio.Event().wait()
        return BrokerReading("amqp", "amqp://rabbit", True, BrokerReason.REACHABLE, "")

    async def close(self) -> None:
        self.closed = True


class Made:
    """Makes readers and keeps what it made them for."""

    def __init__(self, *readers: Reader) -> None:
        self.readers = list(readers)
        self.asked: list[tuple[str, str | None]] = []

    def __call__(self, url: str, naming: RedisNaming, *, management_url: str | None) -> Reader:
        self.asked.append((url, management_url))
        return self.readers[len(self.asked) - 1]


async def test_one_reader_serves_as_long_as_nothing_changes() -> None:
    made = Made(Reader())
    kept = KeptReader(made)
    for _ in range(3):
        assert (await kept.read("amqp://rabbit", NAMING, ["celery"], "http://rabbit:15672")).reachable
    assert made.asked == [("amqp://rabbit", "http://rabbit:15672")]


@pytest.mark.parametrize(
    ("url", "naming", "management"),
    [
        ("amqp://other", NAMING, None),
        ("amqp://rabbit", RedisNaming(key_prefix="shop"), None),
        ("amqp://rabbit", NAMING, "http://rabbit:15672"),
    ],
)
async def test_a_change_makes_a_new_reader(url: str, naming: RedisNaming, management: str | None) -> None:
    first, second = Reader(), Reader()
    made = Made(first, second)
    kept = KeptReader(made)
    await kept.read("amqp://rabbit", NAMING, [])
    await kept.read(url, naming, [], management)
    assert made.asked == [("amqp://rabbit", None), (url, management)]
    assert (first.closed, second.closed) == (True, False)


async def test_a_reader_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers, "TIMEOUT_SECONDS", 0.01)
    stuck, fresh = Reader(hangs=True), Reader()
    kept = KeptReader(Made(stuck, fresh))
    late = await kept.read("amqp://shop:hunter2@rabbit", NAMING, [])
    assert (late.reachable, late.reason) == (False, BrokerReason.TIMED_OUT)
    assert "hunter2" not in late.message
    assert stuck.closed
    assert (await kept.read("amqp://shop:hunter2@rabbit", NAMING, [])).reachable
