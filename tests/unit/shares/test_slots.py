"""Slots: whatever some holders take, others get theirs."""

import asyncio
import contextvars

import pytest

from celery_operator.shares import holders
from celery_operator.shares.slots import Slots

TOTAL = 256


async def as_holder(holder: str, slots: Slots) -> "asyncio.Task[str]":
    """A task of this holder that has a slot, or waits for one."""

    def start() -> "asyncio.Task[str]":
        holders.begin(holder)
        return asyncio.create_task(slots.acquire())

    task = contextvars.copy_context().run(start)
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def greedy(slots: Slots, holder: str, wants: int) -> "list[asyncio.Task[str]]":
    """Tasks of a holder that wants many slots and gives none back."""
    return [await as_holder(holder, slots) for _ in range(wants)]


def has(tasks: "list[asyncio.Task[str]]") -> int:
    """How many have a slot."""
    return sum(task.done() for task in tasks)


async def test_one_holder_gets_half_at_most() -> None:
    assert has(await greedy(Slots(30, most=100), "a", 100)) == 15


async def test_one_holder_gets_no_more_than_its_limit() -> None:
    assert has(await greedy(Slots(TOTAL, most=4), "a", 100)) == 4


@pytest.mark.parametrize("most", [4, 32])
@pytest.mark.parametrize("neighbours", [1, 50])
async def test_many_greedy_holders_leave_slots_for_others(neighbours: int, most: int) -> None:
    slots = Slots(TOTAL, most)
    for number in range(neighbours):
        await greedy(slots, f"greedy-{number}", most + 1)

    assert has(await greedy(slots, "modest", 1)) == 1
    assert has(await greedy(slots, "another", 1)) == 1


async def test_even_99_greedy_holders_leave_one() -> None:
    slots = Slots(TOTAL, most=32)
    for number in range(99):
        await greedy(slots, f"greedy-{number}", 33)

    assert has(await greedy(slots, "modest", 2)) == 1


async def test_a_slot_that_is_given_back_goes_to_the_holder_with_the_fewest() -> None:
    slots = Slots(4, most=2)
    first = await greedy(slots, "a", 3)
    second = await greedy(slots, "b", 2)
    third = await greedy(slots, "c", 1)
    last = await greedy(slots, "d", 1)
    assert (has(first), has(second), has(third), has(last)) == (2, 1, 1, 0)

    slots.release("a")

    await asyncio.sleep(0)
    assert (has(first), has(second), has(last)) == (2, 1, 1)


async def test_holders_that_wait_are_served_by_turns() -> None:
    slots = Slots(1, most=1)
    await greedy(slots, "first", 1)
    waiting = {name: await greedy(slots, name, 3) for name in "abc"}
    served: list[str] = []
    last = "first"
    for _ in range(6):
        slots.release(last)
        await asyncio.sleep(0)
        last = next(name for name, tasks in waiting.items() if has(tasks) > served.count(name))
        served.append(last)

    assert served == ["a", "b", "c", "a", "b", "c"]


async def test_who_no_longer_waits_takes_no_slot() -> None:
    slots = Slots(1, most=1)
    await greedy(slots, "a", 1)
    (given_up,) = await greedy(slots, "b", 1)
    given_up.cancel()
    await asyncio.wait([given_up])
    (waiting,) = await greedy(slots, "c", 1)

    slots.release("a")

    await asyncio.sleep(0)
    assert waiting.done()


async def test_all_can_give_up_at_one_time() -> None:
    slots = Slots(2, most=1)

    async def use() -> None:
        async with slots.slot():
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(use()) for _ in range(10)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)

    assert all(task.cancelled() for task in tasks)
    assert has(await greedy(slots, "a", 1)) == 1


async def test_who_gives_up_in_the_moment_of_its_turn_passes_the_slot_on() -> None:
    slots = Slots(1, most=1)
    await greedy(slots, "a", 1)
    (given_up,) = await greedy(slots, "b", 1)
    (waiting,) = await greedy(slots, "c", 1)

    slots.release("a")
    given_up.cancel()
    await asyncio.wait([given_up])

    await asyncio.sleep(0)
    assert waiting.done()


async def test_a_block_gives_its_slot_back_also_after_an_error() -> None:
    slots = Slots(1, most=1)
    with pytest.raises(ValueError, match="spoiled"):
        async with slots.slot():
            raise ValueError("spoiled")

    async with asyncio.timeout(1), slots.slot():
        pass
