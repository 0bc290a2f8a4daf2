"""A reader is kept between readings, and closed when it hangs or its URL changes."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu.transport.redis import Channel

from celery_health.broker import BrokerReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_operator.observe.brokers import kept_reader
from celery_operator.observe.brokers.kept_reader import KeptReader, learned_naming, used_steps
from celery_operator.observe.sidecars import reading_of
from tests.unit.wire.documents import encoded, worker_answer, worker_document

NAMING = RedisNaming()


class Reader:
    """Answers at once, or never, or raises."""

    def __init__(self, *, hangs: bool = False, fails: bool = False) -> None:
        self.hangs = hangs
        self.fails = fails
        self.closed = False

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            raise OverflowError("hunter2")
        return BrokerReading("amqp", "amqp://rabbit", True, BrokerReason.REACHABLE, "")

    async def close(self) -> None:
        self.closed = True


class Made:
    """Makes readers and keeps what it made them for."""

    def __init__(self, *readers: Reader) -> None:
        self.readers = list(readers)
        self.asked: list[tuple[str, str | None]] = []

    def __call__(
        self, url: str, naming: RedisNaming, *, management_url: str | None, master_name: str | None
    ) -> Reader:
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
    monkeypatch.setattr(kept_reader, "TIMEOUT_SECONDS", 0.01)
    stuck, fresh = Reader(hangs=True), Reader()
    kept = KeptReader(Made(stuck, fresh))
    late = await kept.read("amqp://shop:hunter2@rabbit", NAMING, [])
    assert (late.reachable, late.reason) == (False, BrokerReason.TIMED_OUT)
    assert "hunter2" not in late.message
    assert stuck.closed
    assert (await kept.read("amqp://shop:hunter2@rabbit", NAMING, [])).reachable


@pytest.mark.parametrize(
    ("prefix", "is_learned"), [("shop:", True), ("shop\r\nset x 0 0 1", False), ("shop\x00", False)]
)
def test_the_names_of_keys_are_learned_from_a_report_unless_they_could_be_commands(
    prefix: str, is_learned: bool
) -> None:
    transport = {"kind": "redis", "priority_steps": [0, 3], "separator": ":", "key_prefix": prefix}
    answer = worker_answer(report=worker_document(transport=transport))
    reading = reading_of(encoded(answer))
    assert reading.report

    assert learned_naming([reading], NAMING) == (RedisNaming((0, 3), ":", prefix) if is_learned else NAMING)


async def test_a_reader_that_fails_is_a_reading_that_says_so_and_is_replaced() -> None:
    broken, fresh = Reader(fails=True), Reader()
    kept = KeptReader(Made(broken, fresh))
    failed = await kept.read("amqp://shop:hunter2@rabbit", NAMING, [])
    assert (failed.reachable, failed.reason) == (None, BrokerReason.ERROR)
    assert "amqp://rabbit" in failed.message
    assert "OverflowError" in failed.message
    assert "hunter2" not in failed.message
    assert broken.closed
    assert (await kept.read("amqp://shop:hunter2@rabbit", NAMING, [])).reachable


@pytest.mark.parametrize(
    ("steps", "used"),
    [
        ((0, 3, 6, 9), (0, 3, 6, 9)),
        ((0,), (0,)),
        (tuple(range(256)), tuple(range(10))),
        ((0, 5, 100, 200), (0, 5)),
        ((5, 12), (5, 12)),
        ((0, 0, 0), (0,)),
    ],
)
def test_only_the_priority_steps_that_kombu_uses_are_counted(
    steps: tuple[int, ...], used: tuple[int, ...]
) -> None:
    assert used_steps(steps) == used


@given(steps=st.lists(st.integers(0, 300), min_size=1, max_size=40, unique=True).map(sorted))
def test_kombu_writes_to_no_other_list(steps: list[int]) -> None:
    used = used_steps(steps)
    assert len(used) <= 10
    channel = Channel.__new__(Channel)
    channel.priority_steps = steps
    assert {channel.priority(number) for number in range(10)} == set(used)
