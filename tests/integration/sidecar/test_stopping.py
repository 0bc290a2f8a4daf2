"""The hook before a worker's stop, beside the real sidecar."""

import time
from pathlib import Path

from tools.testbed.celery_versions import CELERY_5_7
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from tests.integration.agent.harness import agent_worker, producer
from tests.integration.sidecar.served import served

# The kubelet gives an unhealthy worker five seconds in all.
AT_ONCE = 4.0


def test_a_worker_that_fails_liveness_ends_the_hook_at_once(tmp_path: Path) -> None:
    faults = tmp_path / "faults"
    faults.mkdir()
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path,
            CELERY_5_7,
            "prefork",
            redis.url,
            arguments=("-I", "agent_faults"),
            env={"TEST_FAULTS": str(faults)},
        ) as worker,
        served(worker.directory, redis.url) as sidecar,
    ):
        worker.wait_until_consuming()
        app.send_task("agent_app.nap", (300,), queue="celery")
        worker.wait_until(lambda report: report.active_count == 1)
        (faults / "standing").touch()
        wait_for(lambda: sidecar.status("/livez") == 503, 40, sidecar.report)
        report = worker.report()
        assert report is not None
        assert time.monotonic() - report.written_mono < 3
        began = time.monotonic()
        assert worker.stop_hook(60, sidecar.port).wait(30) == 0
        assert time.monotonic() - began < AT_ONCE


def test_a_sidecar_that_is_killed_in_between_cuts_no_task_short(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_7, "prefork", redis.url) as worker,
        served(worker.directory, redis.url) as sidecar,
    ):
        worker.wait_until_consuming()
        app.send_task("agent_app.nap_and_note", (5, "done"), queue="celery")
        worker.wait_until(lambda report: report.active_count == 1)
        hook = worker.stop_hook(60, sidecar.port)
        worker.wait_until(lambda report: report.phase == "draining")
        assert hook.poll() is None
        answered = sidecar.report()
        assert (answered["verdict"]["live"], answered["drain_requested"]) == (True, False)
        sidecar.process.kill()
        assert hook.wait(30) == 0
        assert worker.ran() == ["done"]
