"""``examples/scripts/start_celery.sh`` as its reader runs it."""

import os
import pty
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from tools.testbed.celery_versions import EXAMPLE_TOOLS
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from tests.integration.without_kubernetes.harness import (
    EXAMPLES,
    PROJECT,
    Program,
    commands,
    descendants,
    environment,
    program,
    send,
)

SCRIPT = EXAMPLES / "scripts" / "start_celery.sh"
STAMP = r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] "


def running(script: Program, words: str) -> list[int]:
    """The processes of the script with these words in their command."""
    return [pid for pid, command in commands(descendants(script.process.pid)).items() if words in command]


def test_worker_and_beat_run_their_health_is_logged_and_ctrl_c_lets_tasks_end(
    redis: RedisServer, tmp_path: Path
) -> None:
    broker, logs, note = redis.database(0), tmp_path / "logs", tmp_path / "note"
    env = environment(
        broker, LOG_DIR=str(logs), HEALTH_SECONDS="1", HEALTH_TIMEOUT="60", CELERY_QUEUES="celery,ticks"
    )
    with program([str(SCRIPT)], env, tmp_path / "out") as script:
        wait_for(lambda: script.has_printed("healthy: 1 worker is consuming"), 120, script.printed)
        printed = script.printed()
        assert re.search(rf"^{STAMP}Waiting for the broker and the database\.$", printed, re.MULTILINE)
        assert re.search(rf"^{STAMP}broker and result backend: ready", printed, re.MULTILINE)
        assert "\033[" not in printed
        send(broker, "shop.nap", 3, str(note))
        wait_for(lambda: note.exists() and note.read_text(), 30, script.printed)
        assert (logs / "celery_worker.log").read_text().count("ready.") == 1
        wait_for(lambda: "Sending due task tick" in (logs / "celery_beat.log").read_text(), 30)

        script.signal(signal.SIGINT)
        assert script.wait() == 0

        assert note.read_text() == "ended"
        assert "worker has ended." in script.printed()
        assert "by itself" not in script.printed()


def test_a_second_ctrl_c_does_not_wait_for_the_tasks(redis: RedisServer, tmp_path: Path) -> None:
    broker, note = redis.database(1), tmp_path / "note"
    with program([str(SCRIPT), "worker"], _env(broker, tmp_path), tmp_path / "out") as script:
        send(broker, "shop.nap", 600, str(note))
        wait_for(note.exists, 120, script.printed)
        script.signal(signal.SIGINT)
        wait_for(lambda: script.has_printed("Running tasks have 60 s"), 30, script.printed)
        script.signal(signal.SIGINT)

        assert script.wait() == 1
        assert "Ending the tasks that still run." in script.printed()
        assert note.read_text() == "started"


def test_a_program_that_ends_by_itself_ends_the_others(redis: RedisServer, tmp_path: Path) -> None:
    with program([str(SCRIPT)], _env(redis.database(2), tmp_path), tmp_path / "out") as script:
        wait_for(lambda: script.has_printed("Started beat"), 120, script.printed)
        [worker] = re.findall(r"Started worker \(process (\d+)\)", script.printed())
        os.kill(int(worker), signal.SIGKILL)

        assert script.wait() == 1
        assert "worker has ended by itself, with exit code 137." in script.printed()
        assert "beat has ended." in script.printed()


def test_nothing_starts_without_its_servers(redis: RedisServer, tmp_path: Path) -> None:
    env = _env(
        redis.database(3), tmp_path, PREFLIGHT_SECONDS="20", DATABASE_URL="postgresql://127.0.0.1:1/shop"
    )
    with program([str(SCRIPT)], env, tmp_path / "out") as script:
        assert script.wait() == 2
        assert "database: Nothing listens at postgresql://127.0.0.1:1/shop" in script.printed()
        assert script.printed().rstrip().endswith("Nothing was started.")


@pytest.mark.parametrize(
    ("arguments", "changes", "words"),
    [
        ([], {"CELERY_APP": ""}, "CELERY_APP is not set: name the application"),
        (["workers"], {}, "There is no program workers: use worker, beat, flower or monitor."),
        ([], {"LOG_DIR": "/proc/logs"}, "LOG_DIR=/proc/logs cannot be made"),
        ([], {"PATH": "/usr/bin:/bin"}, "celery is not installed: pip install 'celery-operator[cli]'"),
        ([], {"CELERY_BROKER_URL": "", "CELERY_RESULT_BACKEND": ""}, "set CELERY_BROKER_URL"),
    ],
)
def test_wrong_settings_say_what_to_write(
    redis: RedisServer, tmp_path: Path, arguments: list[str], changes: dict[str, str], words: str
) -> None:
    env = {**_env(redis.url, tmp_path), **changes}
    with program([str(SCRIPT), *arguments], env, tmp_path / "out") as script:
        assert script.wait() == 3
        assert words in script.printed()


def test_log_files_are_rotated_and_flower_writes_its_own(redis: RedisServer, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(1, 6):
        (logs / f"celery_worker.log.{number}").write_text(f"old {number}")
    env = _env(redis.database(4), tmp_path, LOG_MAX_BYTES="200", FLOWER_PORT="0")

    def written(name: str) -> str:
        texts = []
        for file in logs.glob(f"{name}*"):
            # A rotation may have renamed it just now.
            with suppress(FileNotFoundError):
                texts.append(file.read_text())
        return "".join(texts)

    with program([str(SCRIPT), "worker", "flower"], env, tmp_path / "out") as script:
        wait_for(lambda: "old 5" not in written("celery_worker.log"), 120, script.printed)
        wait_for(lambda: "ready." in written("celery_worker.log"), 60, lambda: list(logs.iterdir()))
        wait_for(lambda: "Broker: redis://" in written("flower.log"), 60, script.printed)
        script.signal(signal.SIGTERM)
        assert script.wait() == 0
    assert len(list(logs.glob("celery_worker.log.*"))) == 5


def test_a_terminal_gets_colours(redis: RedisServer, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    env = _env(redis.url, tmp_path, PREFLIGHT_SECONDS="1", CELERY_BROKER_URL="redis://127.0.0.1:1/0")
    process = subprocess.Popen([str(SCRIPT)], cwd=PROJECT, env=env, stdout=theirs, stderr=theirs)
    os.close(theirs)
    assert process.wait(timeout=60) == 2
    printed = b""
    while b"Nothing was started" not in printed:
        printed += os.read(ours, 4096)
    os.close(ours)
    assert b"\x1b[34m[" in printed
    assert b"\x1b[31m[" in printed


def test_shellcheck_finds_nothing() -> None:
    checker = EXAMPLE_TOOLS.python().with_name("shellcheck")
    done = subprocess.run(
        [str(checker), str(SCRIPT)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def _env(broker: str, folder: Path, **more: str) -> dict[str, str]:
    return environment(broker, LOG_DIR=str(folder / "logs"), HEALTH_SECONDS="600", **more)
