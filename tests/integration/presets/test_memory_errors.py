"""A task that raises MemoryError: Celery ends the whole worker, and presets.quarantine() counts the ends."""

from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, CELERY_5_7, World
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from tests.integration.presets.harness import PresetWorker
from tests.integration.presets.test_quarantine import BROKERS, scene, url

__all__ = ["url"]

WORLDS = pytest.mark.parametrize(
    ("world", "pool"),
    [
        *((world, "prefork") for world in (CELERY_5_3, CELERY_5_6, CELERY_5_7)),
        *((world, "solo") for world in (CELERY_5_3, CELERY_5_7)),
    ],
    ids=lambda part: getattr(part, "celery", part),
)


def again(worker: PresetWorker, *arguments: str) -> None:
    """Start it again, as something does that restarts a worker."""
    assert worker.wait_ended() == 1
    worker.start("--hostname", f"{worker.home.name}@here", *arguments)


@WORLDS
@BROKERS
def test_the_only_worker_counts_beyond_its_own_ends_and_keeps_the_message(
    world: World, pool: str, url: str, tmp_path: Path
) -> None:
    arguments = ("-c", "1", "--pool", pool)
    with scene(url, tmp_path, f"starve-{world.celery}-{pool}") as shop:
        task_id = shop.send("starve")
        worker = shop.worker("one", world, *arguments)
        for _ in range(3):
            again(worker, *arguments)
        wait_for(lambda: shop.dead_ids() == [task_id], 60, shop.printed)
        shop.send("well", "well")
        wait_for(lambda: shop.ran()["well"] == 1, 60, shop.printed)
        assert shop.ran()["starve"] == 3
        assert f"Task starve[{task_id}] has killed its worker 3 times (MemoryError)" in shop.printed()
        if pool == "prefork":
            (problem,) = [one for one in shop.health().document["problems"] if one["reason"] == "PoisonTask"]
            assert f"Task starve ({task_id[:8]}) killed its worker 3 times" in problem["message"]
            assert ": MemoryError. Workers now move its message" in problem["message"]


@BROKERS
def test_two_workers_that_are_both_restarted_count_together_and_a_replay_runs_nothing_too_early(
    url: str, tmp_path: Path
) -> None:
    with scene(url, tmp_path, "starve-two") as shop:
        task_id = shop.send("starve")
        workers = [shop.worker(name, CELERY_5_7, "-c", "2") for name in ("a", "b")]

        def is_moved() -> bool:
            for worker in workers:
                if worker.process is not None and worker.process.poll() is not None:
                    again(worker, "-c", "2")
            return shop.dead_ids() == [task_id]

        wait_for(is_moved, 90, shop.printed)
        assert 3 <= shop.ran()["starve"] <= 4
        replayed = shop.run("dead-letter", "replay", task_id, "--queue", shop.dead)
        assert (replayed.code, "put back into" in replayed.out) == (0, True)
        wait_for(is_moved, 60, shop.printed)
        assert shop.ran()["starve"] <= 4


@BROKERS
def test_a_task_that_was_acknowledged_early_is_counted_as_lost(url: str, tmp_path: Path) -> None:
    with scene(url, tmp_path, "starve-early") as shop:
        task_id = shop.send("starve_early")
        worker = shop.worker("one", CELERY_5_7, "-c", "1")
        again(worker, "-c", "1")
        wait_for(lambda: worker.printed().count("ready.") == 2, 60, worker.printed)
        problems = {one["reason"]: one["message"] for one in shop.health().document["problems"]}
        assert "1 task (starve_early) was lost" in problems["TasksLost"]
        assert shop.dead_ids() == []
        assert task_id not in worker.printed().rpartition("ready.")[2]


@pytest.mark.parametrize("pool", ["threads", "gevent"])
def test_where_celery_drops_the_error_the_worker_runs_on_and_nothing_is_counted(
    pool: str, redis: RedisServer, tmp_path: Path
) -> None:
    with scene(redis.url, tmp_path, f"starve-{pool}") as shop:
        worker = shop.worker("one", CELERY_5_7, "-c", "2", "--pool", pool)
        shop.send("starve")
        wait_for(lambda: shop.ran()["starve"] == 1, 60, worker.printed)
        shop.send("well", "well")
        wait_for(lambda: shop.ran()["well"] == 1, 60, worker.printed)
        assert "has killed its worker" not in worker.printed()
        assert worker.process is not None
        assert worker.process.poll() is None
