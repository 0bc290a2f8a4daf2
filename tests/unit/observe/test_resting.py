"""CeleryDeployments at rest: who is woken by a message, and who is not."""

import asyncio

import pytest
from tools.testbed.waiting import wait_for_async

from celery_operator.observe.brokers import shared_readers
from tests.unit.observe.shared_broker import NAMING, URL, Scene


class Resting:
    """Users that wait for messages, and how often each was woken."""

    def __init__(self, scene: Scene, *queues: str) -> None:
        self.scene = scene
        self.users = {queue: scene.readers.user() for queue in queues}
        self.woken: list[str] = []

    async def rest(self, queue: str) -> float | None:
        """Read, and wait for the next change. Until when the last rest saw none."""
        found = await self.users[queue].read(URL, NAMING, [queue])
        self.users[queue].watch(lambda: self.woken.append(queue))
        return found.unchanged_at

    async def until_reads(self, number: int) -> None:
        """Wait until the broker has been read this often."""

        async def is_read() -> bool:
            return len(self.scene.broker.reads) >= number

        await wait_for_async(is_read, describe="the reads")

    async def later(self) -> None:
        """Wait for two more reads of the watch, and for what follows from them."""
        self.scene.now += 1
        await self.until_reads(len(self.scene.broker.reads) + 1)
        self.scene.now += 1
        await self.until_reads(len(self.scene.broker.reads) + 1)
        await asyncio.sleep(0)

    async def close(self) -> None:
        for user in self.users.values():
            await user.close()


@pytest.fixture
def quick_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_readers, "WATCH_SECONDS", 0.005)


@pytest.mark.usefixtures("quick_watch")
async def test_a_message_wakes_the_resource_of_its_queue_once() -> None:
    scene = Scene()
    resting = Resting(scene, "a", "b")
    await resting.rest("a")
    await resting.rest("b")
    await resting.later()
    assert resting.woken == []

    scene.broker.lengths = {"b": 1}
    await resting.later()
    assert resting.woken == ["b"]
    assert await resting.rest("b") is not None
    await resting.later()
    assert resting.woken == ["b"]
    await resting.close()
    assert scene.broker.open == 0


@pytest.mark.usefixtures("quick_watch")
async def test_a_rest_says_until_when_nothing_changed() -> None:
    scene = Scene()
    resting = Resting(scene, "a")
    assert await resting.rest("a") is None
    await resting.later()
    until = await resting.rest("a")
    assert until is not None
    assert 100 < until <= scene.now
    await resting.close()


@pytest.mark.usefixtures("quick_watch")
@pytest.mark.parametrize("change", ["away", "failing"])
async def test_a_broker_that_changes_its_answer_wakes_all(change: str) -> None:
    scene = Scene()
    resting = Resting(scene, "a", "b")
    await resting.rest("a")
    await resting.rest("b")
    if change == "failing":
        scene.broker.error = ValueError("nonsense")
    else:
        scene.broker.forbidden = {"a", "b"}
    scene.now += 1

    async def both_woke() -> bool:
        return len(resting.woken) >= 2

    await wait_for_async(both_woke, describe="both awake")
    assert sorted(resting.woken) == ["a", "b"]
    await resting.close()
