"""Ctrl-C ends a command with its own exit code, without a traceback, and nothing is dropped."""

import os
import pty
import select
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis as redis_client
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import PROGRAMS, PROJECT, environment
from tests.integration.dead_letters.quarantine import QUEUE
from tests.integration.dead_letters.test_errors import message

PROGRAM = str(PROGRAMS / "celery-health")
CELERY = [str(PROGRAMS / "celery"), "-A", "cli_shop", "health"]
WAIT_SECONDS = 60.0


@contextmanager
def started(
    *command: str, broker: str = "", stdin: int = subprocess.DEVNULL
) -> Iterator["subprocess.Popen[str]"]:
    """A command in a process group of its own, as a shell starts it."""
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=environment(broker),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def interrupted(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Press Ctrl-C; the exit code, and all that was printed."""
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=WAIT_SECONDS)
    return process.returncode, out + err


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
@pytest.mark.parametrize(
    "command", [["list"], ["show", "1"], ["replay", "--all"], ["drop", "--all", "--yes"]]
)
@pytest.mark.parametrize("by_application", [False, True], ids=["url", "application"])
def test_while_the_broker_does_not_answer(scheme: str, command: list[str], by_application: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(WAIT_SECONDS)
        broker = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/"
        words = CELERY if by_application else [PROGRAM, "--broker", broker]
        with started(*words, "dead-letter", *command, broker=broker) as process:
            connection, _ = silent.accept()
            with connection:
                code, printed = interrupted(process)
    assert (code, "Traceback" in printed) == (130, False), printed


@pytest.mark.parametrize(("key", "code"), [("ctrl-c", 130), ("ctrl-d", 3), ("n", 1)])
def test_at_the_question_whether_to_drop(key: str, code: int, tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis, redis_client.Redis(port=redis.port) as client:
        client.lpush(QUEUE, message("29a3b4be"))
        terminal, stdin = pty.openpty()
        try:
            words = (PROGRAM, "--broker", redis.url, "dead-letter", "drop", "29a3b4be")
            with started(*words, stdin=stdin) as process:
                assert process.stdout
                seen = ""
                while "[y/N]" not in seen:
                    assert select.select([process.stdout], [], [], WAIT_SECONDS)[0], seen
                    seen += os.read(process.stdout.fileno(), 4096).decode()

                def ended() -> bool:
                    # A signal between the question and the first read does not end the read: press it again.
                    if key == "ctrl-c":
                        os.killpg(process.pid, signal.SIGINT)
                    return process.poll() is not None

                if key != "ctrl-c":
                    os.write(terminal, b"\x04" if key == "ctrl-d" else b"n\n")
                wait_for(ended, WAIT_SECONDS, "the command ends", interval=1)
                assert process.stderr
                printed = seen + process.stdout.read() + process.stderr.read()
        finally:
            os.close(terminal)
            os.close(stdin)
        assert (process.returncode, "Traceback" in printed) == (code, False), printed
        assert ("Nothing was dropped" in printed) is (key != "ctrl-c")
        assert client.llen(QUEUE) == 1
