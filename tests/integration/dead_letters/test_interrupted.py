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
from typing import Any

import amqp
import pytest
import redis as redis_client
from tools.testbed.servers import RabbitServer, RedisServer, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import PROGRAMS, PROJECT, environment
from tests.integration.dead_letters.quarantine import QUEUE, amqp_connection, declare, lengths
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
    """Press Ctrl-C; the exit code, and all that was printed and not read before."""
    assert process.stdout
    assert process.stderr
    os.killpg(process.pid, signal.SIGINT)
    # ``communicate`` would lose the lines that came with one that was read.
    printed = process.stdout.read() + process.stderr.read()
    return process.wait(timeout=WAIT_SECONDS), printed


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
                if key == "ctrl-c":
                    os.killpg(process.pid, signal.SIGINT)
                    # A signal between the question and the first read does not end the read: a line does.
                    os.write(terminal, b"\n")
                else:
                    os.write(terminal, b"\x04" if key == "ctrl-d" else b"n\n")
                process.wait(timeout=WAIT_SECONDS)
                assert process.stderr
                printed = seen + process.stdout.read() + process.stderr.read()
        finally:
            os.close(terminal)
            os.close(stdin)
        assert (process.returncode, "Traceback" in printed) == (code, False), printed
        assert ("Nothing was dropped" in printed) is (key != "ctrl-c")
        assert client.llen(QUEUE) == 1


def test_ctrl_c_in_a_replay_on_redis_loses_and_doubles_nothing(redis: RedisServer) -> None:
    sent = [message(f"{number:05}") for number in range(12_000)]
    with redis_client.Redis(port=redis.port) as client:
        client.lpush(QUEUE, *sent)
        words = (PROGRAM, "--broker", redis.url, "dead-letter", "replay", "--all")
        code, printed = interrupted_after_lines(words, 300)
        assert (code, "Traceback" in printed) == (130, False), printed[-2000:]
        left, put = (client.lrange(key, 0, -1) for key in (QUEUE, "mail"))
    assert 300 <= len(put) < len(sent)
    assert [*left, *put] == [one.encode() for one in reversed(sent)]


def test_ctrl_c_in_a_replay_on_rabbitmq_loses_and_doubles_nothing(rabbit: RabbitServer) -> None:
    ids = [f"{number:05}" for number in range(2_000)]
    with amqp_connection(rabbit) as connection:
        channel = connection.channel()
        declare(channel)
        declare(channel, "mail")
        route = {"x-celery-probe-exchange": "", "x-celery-probe-routing-key": "mail"}
        for task_id in ids:
            headers = {"task": "shop.hog", "id": task_id, **route}
            channel.basic_publish(
                amqp.Message(b"[[], {}, {}]", application_headers=headers), routing_key=QUEUE
            )
        words = (PROGRAM, "--broker", rabbit.url, "dead-letter", "replay", "--all")
        code, printed = interrupted_after_lines(words, 100)
        assert (code, "Traceback" in printed) == (130, False), printed[-2000:]
        wait_for(
            lambda: sum(lengths(channel, QUEUE, "mail")) == len(ids),
            30,
            lambda: lengths(channel, QUEUE, "mail"),
        )
        found = taken(channel, "mail") + taken(channel, QUEUE)
        channel.queue_delete("mail")
    assert found == ids
    lines = printed.count("put back into mail")
    # Ctrl-C may come between a message and its line.
    assert any(f"\n{count} of {len(ids)} messages put back." in printed for count in (lines, lines + 1))


def interrupted_after_lines(words: tuple[str, ...], lines: int) -> tuple[int, str]:
    """Start a command, and press Ctrl-C after that number of lines."""
    with started(*words) as process:
        assert process.stdout
        seen = "".join(process.stdout.readline() for _ in range(lines))
        code, printed = interrupted(process)
    return code, seen + printed


def taken(channel: Any, queue: str) -> list[str]:
    """The ids of all messages of the queue, which are removed."""
    found = []
    while one := channel.basic_get(queue, no_ack=True):
        found.append(one.headers["id"])
    return found
