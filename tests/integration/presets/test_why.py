"""``why`` of a task that kills its child process: the result backend keeps STARTED, and no worker runs it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7, World
from tools.testbed.servers import RabbitServer, RedisServer
from tools.testbed.waiting import wait_for

from celery_monitor.live.why.service import Why
from tests.integration.agent.quarantine import RedisMessages
from tests.integration.cli.harness import run
from tests.integration.monitor.live.harness import monitor
from tests.integration.monitor.live.test_live import FromMerger
from tests.integration.presets.harness import PROJECT
from tests.integration.presets.test_quarantine import Scene, scene


def why(shop: Scene, task_id: str, results: str) -> Any:
    """The answer of the command."""
    env = {"TEST_NOTES": str(shop.home / "notes"), "TEST_QUEUE": shop.queue}
    options = ("--timeout", "20", "--format", "json", "--result-backend", results)
    command = ("-A", "quarantine_app", "health", "why", task_id, *options)
    return run(*command, program="celery", broker=shop.url, home=PROJECT, **env).document


def why_with(text: str, shop: Scene, task_id: str, results: str) -> Any:
    """The answer as soon as its sentence has this text."""
    answers: list[Any] = []

    def said() -> bool:
        answers.append(why(shop, task_id, results))
        return text in answers[-1]["sentence"]

    # On a busy machine, the broker may not answer the search in time.
    wait_for(said, describe=lambda: f"{text!r} in {answers[-1]}")
    return answers[-1]


@pytest.mark.parametrize("broker", ["redis", "rabbit"])
def test_a_message_in_the_dead_letter_queue_is_found_there(
    broker: str, redis: RedisServer, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server: RedisServer | RabbitServer = request.getfixturevalue(broker)
    results = {"CELERY_RESULT_BACKEND": redis.url}
    with scene(server.url, tmp_path, f"why-{broker}") as shop:
        worker = shop.worker("one", CELERY_5_7, "-c", "1", **results)
        worker.wait_ready()
        task_id = shop.send("poison")
        wait_for(lambda: shop.dead_ids() == [task_id], 60, shop.printed)

        place = f"its message is in the dead-letter queue {shop.dead}."
        for given in (task_id, task_id[:8]):
            found = why_with(place, shop, given, redis.url)
            assert (found["reason"], found["exit_code"], found["task_id"]) == ("Quarantined", 2, task_id)
            assert f"health dead-letter list --queue {shop.dead}" in found["command"]

        # Another worker knows nothing of the deaths.
        worker.end()
        shop.workers.clear()
        shop.worker("two", CELERY_5_7, "-c", "1", **results).wait_ready()
        found = why(shop, task_id, redis.url)
        assert (found["reason"], found["exit_code"]) == ("DeadLettered", 2)
        assert f"dead-letter show {task_id}" in found["command"]
        assert "replay" in found["remedy"]
        assert shop.dead_ids() == [task_id]


async def test_started_is_no_proof_that_a_worker_runs_the_task_for_the_cli_and_the_monitor(
    redis: RedisServer, tmp_path: Path
) -> None:
    with scene(redis.url, tmp_path, "held") as shop, Celery(backend=redis.url, set_as_current=False) as app:
        async with monitor(redis.url) as watched:
            RedisMessages(redis.url).client.set(shop.dead, "no list")
            worker = shop.worker("one", CELERY_5_7, "-c", "1", "-E", CELERY_RESULT_BACKEND=redis.url)
            await asyncio.to_thread(worker.wait_ready)
            await watched.until(lambda: watched.live.worker("one@here") is not None, "the worker")
            task_id = shop.send("poison")
            await watched.until(lambda: "could not do its work" in shop.printed(), "the refused move")
            await watched.until(lambda: watched.state(task_id), "the events")
            question = Why(watched.live, FromMerger(watched), watched.connection, ask=watched.remote.ask)
            monitored = await question.answer(task_id)
        for name in ("one@here", "gone@here"):
            app.backend.store_result(f"begun-{name}", {"pid": 7, "hostname": name}, "STARTED")

        ids = (task_id, "begun-one@here", "begun-gone@here")
        held, lives, gone = (why(shop, one, redis.url) for one in ids)

    assert (lives["reason"], lives["exit_code"]) == ("NoWorkerHasIt", 2)
    assert (gone["reason"], gone["exit_code"]) == ("LostWithWorker", 2)
    assert (held["reason"], held["exit_code"]) == ("Quarantined", 2)
    assert f"cannot be moved to the dead-letter queue: The Redis key {shop.dead} is not" in held["sentence"]
    assert (monitored.reason, monitored.sentence) == (held["reason"], held["sentence"])


def test_a_task_that_kills_its_child_again_and_again_is_named_as_in_its_verdict(
    redis: RedisServer, tmp_path: Path
) -> None:
    with scene(redis.url, tmp_path, "again") as shop:
        env = {
            "CELERY_PROBE_DIRECTORY": str(tmp_path),
            "CELERY_PROBE_MANAGED_BY": "celery-operator",  # which puts nothing in quarantine here
            "CELERY_RESULT_BACKEND": redis.url,
        }
        shop.worker("one", CELERY_5_7, "-c", "1", module="celery_probe.agent", **env).wait_ready()
        task_id = shop.send("poison")
        wait_for(lambda: shop.ran()["poison"] > 4, 60, shop.printed)

        found = why(shop, task_id, redis.url)

    assert (found["reason"], found["exit_code"]) == ("PoisonTask", 2)
    assert f"Task poison {task_id} killed its worker " in found["sentence"]
    assert ": signal SIGKILL. It was redelivered each time" in found["sentence"]
    assert found["command"] == f"celery -A quarantine_app control revoke {task_id}"


@pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: world.celery)
def test_a_task_whose_memory_error_ends_the_worker_is_not_to_be_sent_a_second_time(
    world: World, redis: RedisServer, tmp_path: Path
) -> None:
    """Celery ends the worker before it acknowledges, so that the message goes back; no child has died."""
    with scene(redis.url, tmp_path, f"memory-{world.celery}") as shop:
        worker = shop.worker("one", world, "-c", "1", CELERY_RESULT_BACKEND=redis.url)
        worker.wait_ready()
        task_id = shop.producer.send_task("starve", queue=shop.queue, ignore_result=False).id
        assert worker.wait_ended() == 1
        assert "Unrecoverable error: MemoryError" in worker.printed()
        assert "killed its worker" not in worker.printed()

        found = why(shop, task_id, redis.url)

    assert (found["reason"], found["exit_code"]) == ("Failed", 1)
    assert "it can run again by itself" in found["remedy"]
