"""presets.quarantine(): a task whose MemoryError ends one worker after the other."""

from collections import Counter
from pathlib import Path

from tools.testbed.celery_versions import World
from tools.testbed.waiting import wait_for

from tests.integration.presets.harness import PresetWorker
from tests.integration.presets.test_quarantine import BROKERS, OLDEST_AND_NEWEST, scene, url

__all__ = ["url"]


def lives(worker: PresetWorker) -> bool:
    return worker.process is not None and worker.process.poll() is None


@OLDEST_AND_NEWEST
@BROKERS
def test_the_fourth_worker_moves_its_message_and_runs_on(world: World, url: str, tmp_path: Path) -> None:
    with scene(url, tmp_path, f"memory-{world.celery}") as shop:
        workers = [shop.worker(name, world, "-c", "1") for name in "abcd"]
        for worker in workers:
            worker.wait_ready()
        deadly = shop.send("memory")
        wait_for(lambda: shop.dead_ids() == [deadly], 120, shop.printed)
        wait_for(lambda: sum(lives(worker) for worker in workers) == 1, 60, shop.printed)
        shop.send("well", "last")
        expected = Counter({"memory": 3, "last": 1})
        wait_for(lambda: shop.ran() == expected, 60, lambda: f"{shop.ran()}\n{shop.printed()}")
