"""``examples/supervisor/supervisord.conf`` under a real supervisord."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.testbed.celery_versions import EXAMPLE_TOOLS
from tools.testbed.servers import RedisServer, free_port
from tools.testbed.waiting import wait_for

from tests.integration.without_kubernetes.harness import EXAMPLES, Program, environment, program, send

CONFIGURATION = EXAMPLES / "supervisor" / "supervisord.conf"


class Supervised:
    """A supervisord with the configuration, and its control."""

    def __init__(self, daemon: Program, env: dict[str, str], configuration: Path, logs: Path):
        self.daemon = daemon
        self._env = env
        self._configuration = configuration
        self.logs = logs

    def control(self, *arguments: str) -> str:
        """Run supervisorctl."""
        command = [
            str(EXAMPLE_TOOLS.python()),
            "-m",
            "supervisor.supervisorctl",
            "-c",
            str(self._configuration),
        ]
        done = subprocess.run(
            [*command, *arguments], env=self._env, capture_output=True, text=True, timeout=180, check=False
        )
        return done.stdout + done.stderr

    def is_running(self, name: str) -> bool:
        return f"{name} RUNNING" in " ".join(self.control("status", name).split())

    def pid(self, name: str) -> int:
        return int(self.control("pid", name))

    def described(self) -> str:
        return self.control("status") + self.log("celery_worker.log")

    def log(self, name: str) -> str:
        return (self.logs / name).read_text()


@pytest.fixture
def supervised(redis: RedisServer, tmp_path: Path) -> Iterator[Supervised]:
    logs = tmp_path / "logs"
    logs.mkdir()
    # Other tests run at the same time.
    configuration = tmp_path / "supervisord.conf"
    text = CONFIGURATION.read_text()
    for port in ("9809", "9810"):
        assert f'CELERY_PROBE_PORT="{port}"' in text
        text = text.replace(port, str(free_port()))
    configuration.write_text(text)
    env = environment(
        redis.url,
        LOG_DIR=str(logs),
        CELERY_QUEUES="celery,ticks",
        CELERY_CONCURRENCY="2",
        CELERY_LOGLEVEL="info",
    )
    command = [str(EXAMPLE_TOOLS.python()), "-m", "supervisor.supervisord", "-c", str(configuration)]
    with program(command, env, tmp_path / "out") as daemon:
        yield Supervised(daemon, env, configuration, logs)


def test_programs_run_restart_and_stop_with_their_logs_in_one_folder(
    redis: RedisServer, supervised: Supervised, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    for name in ("celery_worker", "celery_beat"):
        wait_for(lambda name=name: supervised.is_running(name), 120, supervised.daemon.printed)  # type: ignore[misc]
    wait_for(lambda: "ready." in supervised.log("celery_worker.log"), 240, supervised.described)
    wait_for(lambda: "Sending due task tick" in supervised.log("celery_beat.log"), 60)

    first = supervised.pid("celery_worker")
    worker = Path(f"/proc/{first}/task/{first}/children").read_text().split()[0]
    os.kill(first, signal.SIGKILL)
    # For a moment the killed process is RUNNING, or none is, which has no pid.
    wait_for(lambda: supervised.pid("celery_worker") not in {0, first}, 60, supervised.daemon.printed)
    wait_for(lambda: supervised.is_running("celery_worker"), 60, supervised.daemon.printed)
    wait_for(lambda: not Path(f"/proc/{worker}").exists(), 60, f"the end of the first worker, {worker}")
    wait_for(lambda: supervised.log("celery_worker.log").count("ready.") == 2, 120)

    assert "started" in supervised.control("start", "flower")
    wait_for(lambda: "Broker: redis://" in supervised.log("flower.log"), 60)

    send(redis.url, "shop.nap", 3, str(note))
    wait_for(note.exists, 60, lambda: supervised.log("celery_worker.log"))
    assert "celery_worker: stopped" in supervised.control("stop", "celery_worker")
    assert note.read_text() == "ended"

    supervised.daemon.signal(signal.SIGTERM)
    assert supervised.daemon.wait(120) == 0
    names = {file.name for file in supervised.logs.iterdir() if file.suffix == ".log"}
    assert names == {"celery_worker.log", "celery_beat.log", "flower.log", "supervisord.log"}


def test_every_log_file_is_rotated_at_10_mb_with_five_old_files() -> None:
    text = CONFIGURATION.read_text()
    programs = text.count("[program:")
    assert programs == 4
    for line in (
        "stdout_logfile=%(ENV_LOG_DIR)s/",
        "stdout_logfile_maxbytes=10MB",
        "stdout_logfile_backups=5",
    ):
        assert text.count(line) == programs
