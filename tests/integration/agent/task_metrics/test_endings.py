"""Ends that no code in a pool child could count: time limits, terminated tasks, messages that come again."""

from collections import Counter
from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, CELERY_5_7, World
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from tests.integration.agent.harness import AgentWorker, agent_worker, producer
from tests.integration.agent.task_metrics.counted import ARGUMENTS, counters, metrics_folder, sdk_path


def wait_for_counters(worker: AgentWorker, expected: Counter[str]) -> None:
    """Wait until the file has exactly these numbers."""
    folder = metrics_folder(worker)
    wait_for(lambda: counters(folder) == expected, 60, lambda: f"{counters(folder)}\n{worker.log()}")


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
@pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_6, CELERY_5_7], ids=lambda world: world.celery)
def test_a_hard_time_limit_is_one_failure(world: World, pool: str, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, world, pool, redis.url, arguments=ARGUMENTS, env=sdk_path(tmp_path)) as worker,
    ):
        worker.wait_until_consuming()
        app.send_task("agent_metrics.perilous", ("7", 30), time_limit=1)
        wait_for_counters(worker, Counter({"perilous started": 1, "perilous TimeLimitExceeded": 1}))


def test_a_terminated_task_is_one_failure(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path, CELERY_5_6, "prefork", redis.url, arguments=ARGUMENTS, env=sdk_path(tmp_path)
        ) as worker,
    ):
        worker.wait_until_consuming()
        sent = app.send_task("agent_metrics.perilous", ("7", 30))
        worker.wait_until(lambda report: report.active_count == 1)
        app.control.revoke(sent.id, terminate=True)
        wait_for_counters(worker, Counter({"perilous started": 1, "perilous Terminated": 1}))
        # A task that is revoked before it began is no run.
        app.control.revoke("revoked", reply=True, timeout=10)
        app.send_task("agent_metrics.charge", ("7",), task_id="revoked")
        app.send_task("agent_metrics.refund", ("7",))
        wait_for_counters(
            worker,
            Counter(
                {
                    "perilous started": 1,
                    "perilous Terminated": 1,
                    "refund started": 1,
                    "refund completed": 1,
                }
            ),
        )


def test_a_message_that_comes_again_is_a_second_run(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path,
            CELERY_5_6,
            "prefork",
            redis.url,
            arguments=ARGUMENTS,
            env={**sdk_path(tmp_path), "TEST_REJECT": "1"},
        ) as worker,
    ):
        worker.wait_until_consuming()
        app.send_task("agent_metrics.stumble", ("7", str(tmp_path / "stumbled")))
        wait_for_counters(
            worker,
            Counter({"stumble started": 2, "stumble WorkerLostError": 1, "stumble completed": 1}),
        )
