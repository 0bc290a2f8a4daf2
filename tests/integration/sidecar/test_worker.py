"""A real Celery worker with the agent inside, judged by a real sidecar."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import Celery
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import BUSY_SECONDS, wait_for

from tests.integration.sidecar.served import Sidecar, environment, served

# Longer than the wait between a worker's attempts to reconnect grows in the outage below.
RECONNECTED_WITHIN = 60.0
OUTAGE_SECONDS = 20.0

APPLICATION = """
import os
import time
from celery import Celery

app = Celery("sidecar_test")
app.conf.update(broker_connection_retry_on_startup=True, broker_connection_max_retries=None)

@app.task(name="hold")
def hold(gate):
    while not os.path.exists(gate):
        time.sleep(0.1)
"""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "redis", "hunter2") as server:
        yield server


@pytest.fixture
def sidecar(tmp_path: Path, redis: RedisServer) -> Iterator[Sidecar]:
    directory = tmp_path / "shared"
    directory.mkdir()
    with served(directory, redis.url) as sidecar:
        yield sidecar


@contextmanager
def worker(tmp_path: Path, sidecar: Sidecar, broker_url: str, pool: str = "prefork") -> Iterator[int]:
    """The pid of a worker that runs through the installed agent; its log is ``worker.log``."""
    (tmp_path / "sidecar_test.py").write_text(APPLICATION)
    command = [sys.executable, str(sidecar.directory), "-A", "sidecar_test:app", "worker"]
    command += ["--pool", pool, "--concurrency", "1", "--loglevel", "INFO"]
    env = environment(
        CELERY_PROBE_DIRECTORY=str(sidecar.directory), CELERY_BROKER_URL=broker_url, PYTHONPATH=str(tmp_path)
    )
    with (tmp_path / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def log_and_report(tmp_path: Path, sidecar: Sidecar) -> str:
    return f"{(tmp_path / 'worker.log').read_text()[-4000:]}\n{sidecar.report()}"


def wait_ready(tmp_path: Path, sidecar: Sidecar, timeout: float = 60.0) -> None:
    wait_for(lambda: sidecar.status("/readyz") == 200, timeout, lambda: log_and_report(tmp_path, sidecar))


def test_a_worker_becomes_ready_and_a_frozen_one_fails_liveness_until_it_goes_on(
    tmp_path: Path, redis: RedisServer, sidecar: Sidecar
) -> None:
    assert (sidecar.status("/readyz"), sidecar.status("/startupz")) == (503, 503)
    with worker(tmp_path, sidecar, redis.url) as pid:
        wait_ready(tmp_path, sidecar)
        assert sidecar.report()["verdict"]["consuming"] is True
        os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: sidecar.status("/livez") == 503, 15 + BUSY_SECONDS, sidecar.report)
        assert sidecar.reason("/livez") == "Wedged"
        os.kill(pid, signal.SIGCONT)
        wait_for(lambda: sidecar.status("/livez") == 200, BUSY_SECONDS, sidecar.report)
        wait_ready(tmp_path, sidecar)
    wait_for(lambda: sidecar.reason("/readyz") == "Ended", BUSY_SECONDS, sidecar.report)


def test_an_outage_of_the_broker_costs_readiness_and_never_liveness(
    tmp_path: Path, redis: RedisServer, sidecar: Sidecar
) -> None:
    with worker(tmp_path, sidecar, redis.url):
        wait_ready(tmp_path, sidecar)
        redis.stop()
        wait_for(lambda: sidecar.status("/readyz") == 503, 15, sidecar.report)

        def condemned() -> bool:
            return sidecar.status("/livez") != 200 or sidecar.status("/startupz") != 200

        with pytest.raises(AssertionError, match="not within"):
            wait_for(condemned, OUTAGE_SECONDS)
        assert sidecar.reason("/readyz") == "Connecting"
        redis.start()
        wait_ready(tmp_path, sidecar, RECONNECTED_WITHIN)


def test_a_worker_started_while_its_broker_is_away_is_started_and_becomes_ready_when_it_is_back(
    tmp_path: Path, redis: RedisServer, sidecar: Sidecar
) -> None:
    redis.stop()
    with worker(tmp_path, sidecar, redis.url):
        wait_for(lambda: sidecar.status("/startupz") == 200, 60, lambda: log_and_report(tmp_path, sidecar))
        assert (sidecar.status("/livez"), sidecar.status("/readyz")) == (200, 503)
        redis.start()
        wait_ready(tmp_path, sidecar, RECONNECTED_WITHIN)


def test_a_solo_worker_inside_a_task_for_longer_than_the_threshold_is_busy(
    tmp_path: Path, redis: RedisServer, sidecar: Sidecar
) -> None:
    with worker(tmp_path, sidecar, redis.url, "solo"):
        wait_ready(tmp_path, sidecar)
        with Celery(broker=redis.url) as client:
            client.send_task("hold", (str(tmp_path / "gate"),))
        busy_within = 15 + BUSY_SECONDS
        wait_for(
            lambda: sidecar.reason("/readyz") == "Busy",
            busy_within,
            lambda: log_and_report(tmp_path, sidecar),
        )
        assert (sidecar.status("/livez"), sidecar.status("/readyz")) == (200, 200)
        (tmp_path / "gate").touch()
        wait_for(lambda: sidecar.reason("/readyz") == "Consuming", BUSY_SECONDS, sidecar.report)


def test_a_drained_worker_stays_ready_and_consumes_again_when_undrained(
    tmp_path: Path, redis: RedisServer, sidecar: Sidecar
) -> None:
    with worker(tmp_path, sidecar, redis.url):
        wait_ready(tmp_path, sidecar)
        assert sidecar.order("/drain") == 202
        wait_for(lambda: sidecar.reason("/readyz") == "Draining", BUSY_SECONDS, sidecar.report)
        assert sidecar.status("/readyz") == 200
        assert sidecar.order("/undrain") == 202
        wait_for(lambda: sidecar.reason("/readyz") == "Consuming", BUSY_SECONDS, sidecar.report)
