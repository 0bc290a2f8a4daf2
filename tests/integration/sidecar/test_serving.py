"""The sidecar as a process: its probes, its broker and its end."""

import http.client
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import BUSY_SECONDS, wait_for

from tests.integration.sidecar.served import COMMAND, Sidecar, environment, served
from tests.unit.sidecar.holders import Holder
from tests.unit.wire.documents import worker_document

PASSWORD = "hunter2"
WEDGED_WITHIN = 15 + BUSY_SECONDS


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "redis", PASSWORD) as server:
        yield server


@pytest.fixture
def sidecar(tmp_path: Path) -> Iterator[Sidecar]:
    directory = tmp_path / "shared"
    directory.mkdir()
    with served(directory) as sidecar:
        yield sidecar


def report(sidecar: Sidecar, **changes: object) -> float:
    """Replace the report; gives the moment that it says it was written."""
    now = time.monotonic()
    document = worker_document(**{"written_mono": now, "loop_mono": now, **changes})
    unfinished = sidecar.directory / "run" / ".report.json.new"
    unfinished.write_text(json.dumps(document))
    unfinished.rename(sidecar.directory / "run" / "report.json")
    return now


@pytest.fixture
def holder(sidecar: Sidecar) -> Iterator[Holder]:
    holder = Holder(sidecar.directory / "run" / "worker.lock")
    try:
        yield holder
    finally:
        holder.kill()


def test_a_report_shows_at_once(sidecar: Sidecar, holder: Holder) -> None:
    wait_for(lambda: sidecar.report()["process"] == "running", BUSY_SECONDS)
    assert sidecar.status("/readyz") == 503
    report(sidecar)
    wait_for(lambda: sidecar.status("/readyz") == 200, BUSY_SECONDS)
    assert sidecar.status("/startupz") == 200


def test_a_frozen_worker_process_fails_liveness_after_15_seconds(sidecar: Sidecar, holder: Holder) -> None:
    wait_for(lambda: sidecar.report()["process"] == "running")
    holder.signal(signal.SIGSTOP)
    written = report(sidecar)
    wait_for(lambda: sidecar.status("/readyz") == 200)
    wait_for(lambda: sidecar.status("/livez") == 503, WEDGED_WITHIN, sidecar.report)
    assert time.monotonic() - written >= 15
    assert sidecar.reason("/livez") == "Wedged"


def test_a_worker_killed_outright_is_live_but_neither_started_nor_ready(
    sidecar: Sidecar, holder: Holder
) -> None:
    wait_for(lambda: sidecar.report()["process"] == "running")
    report(sidecar)
    wait_for(lambda: sidecar.status("/readyz") == 200)
    holder.kill()
    wait_for(lambda: sidecar.reason("/readyz") == "Ended")
    assert (sidecar.status("/startupz"), sidecar.status("/readyz")) == (503, 503)
    assert sidecar.status("/livez") == 200


def test_a_drain_is_a_file_that_the_agent_sees(sidecar: Sidecar) -> None:
    drain_request = sidecar.directory / "run" / "drain"
    assert sidecar.order("/drain") == 202
    assert drain_request.exists()
    assert sidecar.order("/undrain") == 202
    assert not drain_request.exists()


def test_the_broker_is_watched_through_an_outage_and_its_password_never_shown(
    tmp_path: Path, redis: RedisServer
) -> None:
    with served(tmp_path, redis.url) as sidecar:

        def found(reason: str) -> bool:
            return bool(sidecar.report()["broker"]["reason"] == reason)

        wait_for(lambda: found("Reachable"), 10, sidecar.report)
        redis.stop()
        wait_for(lambda: found("ConnectionRefused"), 15, sidecar.report)
        assert sidecar.report()["broker"]["reachable"] is False
        assert sidecar.status("/livez") == 200
        assert PASSWORD not in json.dumps(sidecar.report())
        redis.start()
        wait_for(lambda: found("Reachable"), 15, sidecar.report)


def test_a_frozen_broker_holds_up_no_probe(tmp_path: Path, redis: RedisServer) -> None:
    redis.pause()
    with served(tmp_path, redis.url) as sidecar:
        begun = time.monotonic()
        for _ in range(50):
            sidecar.status("/livez")
        # One check of the broker alone would take two seconds.
        assert time.monotonic() - begun < 2 + BUSY_SECONDS
        wait_for(lambda: sidecar.report()["broker"]["reason"] == "TimedOut", 15, sidecar.report)
    redis.resume()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_sidecar_ends_with_an_idle_connection_open(
    sidecar: Sidecar, number: signal.Signals
) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", sidecar.port, timeout=5)) as idle:
        idle.request("GET", "/livez")
        idle.getresponse().read()
        sidecar.process.send_signal(number)
        assert sidecar.process.wait(10) == 0


def test_a_port_in_use_is_reported_with_what_to_set(sidecar: Sidecar) -> None:
    env = environment(CELERY_PROBE_DIRECTORY=str(sidecar.directory), CELERY_PROBE_PORT=str(sidecar.port))
    done = subprocess.run(COMMAND, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"port {sidecar.port}: Address already in use; set CELERY_PROBE_PORT to" in done.stderr


def test_a_wrong_port_ends_the_process_with_status_2(tmp_path: Path) -> None:
    env = environment(CELERY_PROBE_DIRECTORY=str(tmp_path), CELERY_PROBE_PORT="http")
    done = subprocess.run(COMMAND, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "write a number between 1 and 65535" in done.stderr
