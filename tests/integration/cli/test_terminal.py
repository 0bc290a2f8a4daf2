"""What is watched: in a terminal, in a file and through a pipe, and how it ends."""

import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import PROGRAMS, PROJECT, environment

WATCH = ("--watch", "--interval", "0.1")


class Screen:
    """A program in a terminal of its own, and what it has written there."""

    def __init__(self, descriptor: int, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.written = b""
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)

    def shows(self, text: bytes, times: int = 1) -> bool:
        self._read()
        return self.written.count(text) >= times

    def type(self, text: bytes) -> None:
        os.write(self._descriptor, text)

    def ended(self) -> bool:
        self._read()
        return self.process.poll() is not None

    def _read(self) -> None:
        # Nothing is there yet, or the program has left.
        with suppress(OSError):
            while data := os.read(self._descriptor, 65_536):
                self.written += data


@contextmanager
def screen(*command: str, broker: str) -> Iterator[Screen]:
    ours, its = pty.openpty()
    process = subprocess.Popen(
        # Without a controlling terminal Ctrl-C would be no signal.
        ["setsid", "--ctty", str(PROGRAMS / command[0]), *command[1:]],
        cwd=PROJECT,
        env=environment(broker, TERM="xterm"),
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    try:
        yield Screen(ours, process)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize(
    "command",
    [
        ("celery-health", "monitor", "-A", "cli_shop"),
        ("celery-health", "-A", "cli_shop"),
        ("celery", "-A", "cli_shop", "monitor"),
    ],
    ids=["monitor", "health", "plugin"],
)
def test_a_terminal_shows_frames_and_is_left_as_it_was(command: tuple[str, ...], redis: RedisServer) -> None:
    with screen(*command, *WATCH, broker=redis.url) as terminal:
        wait_for(lambda: terminal.shows(b"Queues", 2), 30.0, lambda: terminal.written)
        terminal.type(b"\x03")
        wait_for(terminal.ended, 10.0, lambda: terminal.written)
        assert terminal.process.returncode == 0
        assert b"Traceback" not in terminal.written
        # Whatever was switched on, the other screen and a hidden cursor, is switched off.
        assert terminal.written.count(b"\x1b[?1049h") == terminal.written.count(b"\x1b[?1049l")
        assert terminal.written.rfind(b"\x1b[?25h") >= terminal.written.rfind(b"\x1b[?25l")


@pytest.mark.parametrize("hanging", [False, True], ids=["well", "hanging"])
def test_ctrl_c_ends_what_is_watched_whatever_is_under_way(
    hanging: bool, redis: RedisServer, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    command = [str(PROGRAMS / "celery-health"), *WATCH, "--broker", redis.url, "--format", "json"]
    command += ["--timeout", "60"]
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment(), stdout=file, stderr=subprocess.STDOUT
        )
    try:
        wait_for(lambda: len(output.read_text().splitlines()) >= 2, 20.0, output.read_text)
        if hanging:
            redis.pause()
        process.send_signal(signal.SIGINT)
        # Below the timeout of a check: it is not waited for.
        assert process.wait(timeout=30) == 0
    finally:
        redis.resume()
        process.kill()
    assert "Traceback" not in output.read_text()


@pytest.mark.parametrize(
    ("command", "code"),
    [(WATCH, 0), (("monitor", *WATCH), 0), ((), 130)],
    ids=["health", "monitor", "once"],
)
def test_ctrl_c_before_the_first_output_is_no_verdict(command: tuple[str, ...], code: int) -> None:
    with screen("celery-health", *command, "-A", "cli_waits", "--timeout", "60", broker="") as terminal:
        wait_for(lambda: terminal.shows(b"waits for a server"), 30.0, lambda: terminal.written)
        terminal.type(b"\x03")
        wait_for(terminal.ended, 10.0, lambda: terminal.written)
        assert terminal.process.returncode == code
        assert b"Aborted" not in terminal.written
        assert b"Traceback" not in terminal.written


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "json"),
        ("--format", "summary"),
        ("--format", "table"),
        ("monitor",),
        ("monitor", "--format", "json"),
    ],
    ids=" ".join,
)
def test_a_reader_that_leaves_is_no_error(arguments: tuple[str, ...], redis: RedisServer) -> None:
    options = " ".join([*arguments, *WATCH, "--broker", redis.url])
    done = subprocess.run(
        ["bash", "-c", f"'{PROGRAMS}/celery-health' {options} | head -1"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""
