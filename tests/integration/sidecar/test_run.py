"""``celery-probe run``: a worker and its sidecar in one, as supervisors start them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_6
from tools.testbed.servers import free_port, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.sidecar.served import TOKEN, Sidecar, environment
from tests.integration.without_kubernetes.harness import PROJECT, commands, descendants, send


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@contextmanager
def running(folder: Path, broker: str, *arguments: str, **env: str) -> Iterator[Sidecar]:
    """``celery-probe run`` with these arguments of celery; ended with all that it started."""
    port = free_port()
    command = [sys.executable, "-m", "celery_probe.sidecar", "run"]
    celery = [str(CELERY_5_6.python()), "-m", "celery", "-A", "local_shop", *arguments]
    settings = {
        "CELERY_BROKER_URL": broker,
        "CELERY_PROBE_PORT": str(port),
        "CELERY_PROBE_TOKEN": TOKEN,
        "TMPDIR": str(folder),
        **env,
    }
    with (folder / "out").open("wb") as out, ExitStack() as stack:
        process = subprocess.Popen(
            [*command, *celery], cwd=PROJECT, env=environment(**settings), stdout=out, stderr=out, text=True
        )
        stack.callback(process.wait, 30)
        stack.callback(process.kill)
        stack.callback(kill_descendants, process.pid)
        yield Sidecar(port, folder, process)


def kill_descendants(pid: int) -> None:
    for one in descendants(pid):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def wait_ready(sidecar: Sidecar) -> None:
    def ready() -> bool:
        assert sidecar.process.poll() is None, printed(sidecar)
        try:
            return sidecar.status("/readyz") == 200
        except OSError:
            return False

    wait_for(ready, 120, lambda: printed(sidecar))


def printed(sidecar: Sidecar) -> str:
    return (sidecar.directory / "out").read_text()


def test_a_worker_answers_probes_and_finishes_its_tasks_at_sigterm(broker: str, tmp_path: Path) -> None:
    note = tmp_path / "note"
    with running(tmp_path, broker, "worker", "--concurrency", "2") as sidecar:
        wait_ready(sidecar)
        assert sidecar.reason("/livez") == "Consuming"
        assert len(list(tmp_path.glob("celery-probe-*/celery_probe"))) == 1
        send(broker, "shop.nap", 3, str(note))
        wait_for(note.exists, 30, lambda: printed(sidecar))
        sidecar.process.send_signal(signal.SIGTERM)

        assert sidecar.process.wait(60) == 0
        assert note.read_text() == "ended"
        # Its own folder is removed.
        assert list(tmp_path.glob("celery-probe-*")) == []


def test_beat_is_observed_as_beat(broker: str, tmp_path: Path) -> None:
    with running(tmp_path, broker, "beat", "--schedule", str(tmp_path / "schedule"), "--pidfile=") as sidecar:
        wait_ready(sidecar)
        assert sidecar.report()["role"] == "beat"
        shown = report_command(sidecar, CELERY_PROBE_TOKEN=TOKEN)
        assert (shown.returncode, json.loads(shown.stdout)["role"]) == (0, "beat")
        wrong = report_command(sidecar, CELERY_PROBE_TOKEN="wrong")
        assert (wrong.returncode, wrong.stdout) == (1, "")
        assert "HTTP status 403: The token is not this sidecar's" in wrong.stderr


def report_command(sidecar: Sidecar, **env: str) -> subprocess.CompletedProcess[str]:
    """What ``celery-probe report`` prints."""
    return subprocess.run(
        [sys.executable, "-m", "celery_probe.sidecar", "report"],
        env=environment(CELERY_PROBE_PORT=str(sidecar.port), **env),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_frozen_worker_is_ended_with_its_children_and_systemd_gets_no_sign_of_life(
    broker: str, tmp_path: Path
) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(60)
        with running(tmp_path, broker, "worker", "--concurrency", "2", NOTIFY_SOCKET=str(address)) as sidecar:
            messages: list[str] = []
            while "READY=1" not in messages or "WATCHDOG=1" not in messages:
                messages += manager.recv(4096).decode().split("\n")
            wait_ready(sidecar)
            processes = commands(descendants(sidecar.process.pid))
            assert len(processes) == 3
            send(broker, "shop.freeze")

            manager.settimeout(0.2)
            messages = []
            deadline = time.monotonic() + 120
            while sidecar.process.poll() is None and time.monotonic() < deadline:
                with suppress(TimeoutError):
                    messages += manager.recv(4096).decode().split("\n")

            assert sidecar.process.poll() == 1
            silent = next(number for number, text in enumerate(messages) if "has written no report" in text)
            assert "WATCHDOG=1" in messages[:silent]
            assert "WATCHDOG=1" not in messages[silent:]
            assert "ending the worker, not live for 30 s: Wedged" in printed(sidecar)
            wait_for(lambda: not commands(list(processes)), 10, lambda: commands(list(processes)))


def test_a_program_that_is_not_celery_is_refused_with_what_to_write(tmp_path: Path) -> None:
    for arguments in ([], ["python", "worker.py"]):
        done = subprocess.run(
            [sys.executable, "-m", "celery_probe.sidecar", "run", *arguments],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 2
        assert "such as celery-probe run celery -A APP worker" in done.stderr


def test_the_exit_code_is_that_of_celery(broker: str, tmp_path: Path) -> None:
    with running(tmp_path, broker, "worker", "--no-such-option") as sidecar:
        assert sidecar.process.wait(60) == 2
        assert "No such option" in printed(sidecar)
