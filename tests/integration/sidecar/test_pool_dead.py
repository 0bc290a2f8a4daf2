"""A pool whose children do not live is distinguished from every pool whose children come and go as usual."""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.thresholds import WorkerThresholds
from tests.integration.agent.harness import producer
from tests.integration.sidecar.watched import Watched, watched

QUICK = WorkerThresholds(pool_grace=10.0)
CONDEMNED_WITHIN = 60.0
# Long enough for the loaded worker to have more children than any dead pool needs.
LOAD = 200


def kill_children(worker: Watched) -> None:
    report = worker.worker.report()
    for pid in report.pool_pids if report else ():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def condemned_beside(sick: Watched, healthy: tuple[Watched, ...], worsen: Callable[[], None]) -> str:
    """The message of the sick worker's verdict, while the others keep passing."""

    def message() -> str | None:
        worsen()
        for worker in healthy:
            assert worker.verdict().reason is WorkerReason.CONSUMING, worker.worker.report()
        verdict = sick.verdict()
        assert verdict.live or verdict.reason is WorkerReason.POOL_DEAD, verdict
        return None if verdict.live else verdict.message

    return wait_for(message, CONDEMNED_WITHIN, sick.worker.report, interval=0.5)


def test_only_a_pool_whose_children_keep_dying_is_dead(tmp_path: Path) -> None:
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(tmp_path / "redis"))
        app = stack.enter_context(producer(redis.url))
        hanging = stack.enter_context(
            watched(
                tmp_path / "hanging",
                CELERY_5_3,
                "prefork",
                redis.url,
                thresholds=QUICK,
                arguments=("-Q", "hanging"),
            )
        )
        killed = stack.enter_context(
            watched(
                tmp_path / "killed",
                CELERY_5_7,
                "prefork",
                redis.url,
                thresholds=QUICK,
                arguments=("-Q", "killed"),
            )
        )
        idle = stack.enter_context(
            watched(
                tmp_path / "idle",
                CELERY_5_7,
                "prefork",
                redis.url,
                thresholds=QUICK,
                arguments=("-Q", "idle"),
            )
        )
        arguments = ("-Q", "busy", "--max-tasks-per-child", "1")
        busy = stack.enter_context(
            watched(
                tmp_path / "busy", CELERY_5_7, "prefork", redis.url, thresholds=QUICK, arguments=arguments
            )
        )
        for _ in range(LOAD):
            app.send_task("agent_app.nap", (0.3,), queue="busy")
        hanging.inject("hanging")
        kill_children(hanging)
        app.send_task("agent_app.nap", (0,), queue="hanging")
        message = condemned_beside(hanging, (idle, busy), lambda: kill_children(killed))
        assert message.startswith("The pool's children die as fast as they are started")
        condemned_beside(killed, (idle, busy), lambda: kill_children(killed))
        report = busy.worker.report()
        assert report is not None
        assert report.processed > 3 * report.pool_size
