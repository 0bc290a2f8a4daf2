"""The hook before a worker's stop, beside the real sidecar."""

import time
from pathlib import Path

from tools.testbed.celery_versions import CELERY_5_7
from tools.testbed.servers import redis_server
from tools.testbed.waiting import BUSY_SECONDS

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
        # The report goes on: it is the loop that stands.
        worker.wait_until(
            lambda report: time.monotonic() - report.written_mono < 3 and sidecar.status("/livez") == 503,
            60,
            "liveness fails beside a fresh report",
        )
        assert worker.stop_hook(60, sidecar.port).wait(AT_ONCE + BUSY_SECONDS) == 0


def test_a_sidecar_that_is_killed_in_between_cuts_no_task_short(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_7, "prefork", redis.url) as worker,
        served(worker.directory, redis.url) as sidecar,
    ):
        worker.wait_until_consuming()
        worker.hold(app, "done")
        worker.wait_until(lambda report: report.active_count == 1)
        hook = worker.stop_hook(60, sidecar.port)
        worker.wait_until(lambda report: report.phase == "draining")
        assert hook.poll() is None
        answered = sidecar.report()
        assert (answered["verdict"]["live"], answered["drain_requested"]) == (True, False)
        sidecar.process.kill()
        worker.release("done")
        assert hook.wait(30) == 0
        assert worker.ran() == ["done"]
