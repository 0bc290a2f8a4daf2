"""``celery-health preflight`` waits for real servers, prints each attempt, and ends in time."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tools.testbed import certificates
from tools.testbed.databases import postgres_server
from tools.testbed.sentinels import MASTER_NAME, sentinel
from tools.testbed.servers import RedisServer, free_port, redis_server
from tools.testbed.waiting import BUSY_SECONDS, wait_for

PROGRAM = Path(sys.executable).with_name("celery-health")
NAMES = ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "REDIS_URL", "REDIS_HOST", "DATABASE_URL")
PASSWORD = "geheim"


class Preflight:
    """The program as it runs, with every line that it has printed."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        env = {name: value for name, value in os.environ.items() if name not in NAMES} | environment
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [str(PROGRAM), "preflight", *arguments],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_for_line(self, words: str) -> None:
        """Wait until it prints a line with these words."""
        wait_for(lambda: any(words in line for line in self.lines), 30, lambda: f"{words!r} in {self.lines}")

    def end(self) -> tuple[int, float]:
        """Wait for its end: the exit code, and how many seconds it has taken in all."""
        code = self.process.wait(timeout=60)
        took = time.monotonic() - self.began
        self._reader.join()
        assert PASSWORD not in "".join(self.lines)
        assert "Traceback" not in "".join(self.lines)
        return code, took

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            self.lines.extend(iter(self.process.stdout.readline, ""))


@contextmanager
def preflight(*arguments: str, **environment: str) -> Iterator[Preflight]:
    """The program, ended with the block."""
    program = Preflight(*arguments, **environment)
    try:
        yield program
    finally:
        program.process.kill()
        program.process.wait(10)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis with a password, that the test may stop."""
    with redis_server(tmp_path / "redis", password=PASSWORD) as server:
        yield server


def test_a_broker_that_is_there_is_ready_at_once(redis: RedisServer) -> None:
    with preflight(REDIS_URL=redis.url) as program:
        assert program.end()[0] == 0

    assert [line.startswith("broker: ready after ") for line in program.lines] == [True]


def test_a_redis_that_starts_late_is_waited_for(redis: RedisServer) -> None:
    redis.stop()
    with preflight("--wait", "40", CELERY_BROKER_URL=redis.url, CELERY_RESULT_BACKEND=redis.url) as program:
        program.wait_for_line("Next attempt in 1.0 s.")
        redis.start()

        assert program.end()[0] == 0

    assert program.lines[0].startswith("broker and result backend: Nothing listens at redis://127.0.0.1")
    assert "ready after" in program.lines[-1]


def test_a_database_is_waited_for_beside_a_broker(redis: RedisServer) -> None:
    with postgres_server() as postgres:
        postgres.stop()
        with preflight("--broker", redis.url, "--database", postgres.database()) as program:
            program.wait_for_line("database: Nothing listens at postgresql://127.0.0.1")
            program.wait_for_line("broker: ready after")
            postgres.start()

            assert program.end()[0] == 0


def test_what_never_comes_is_given_up_in_time_and_named(redis: RedisServer) -> None:
    with preflight(
        "--wait", "15", "--broker", redis.url, "--database", "mysql://127.0.0.1:1/shop"
    ) as program:
        code, took = program.end()

    assert code == 2
    assert 15 <= took < 15 + BUSY_SECONDS
    assert program.lines[-1] == "Not ready after 15 s: database.\n"


def test_the_pauses_grow_to_the_longest_allowed() -> None:
    with preflight("--interval-max", "0.8", "--broker", "redis://127.0.0.1:1/0") as program:
        wait_for(lambda: len(program.lines) >= 3, 30, lambda: f"three attempts in {program.lines}")

    pauses = [line.partition("Next attempt in ")[2] for line in program.lines]
    assert pauses[:3] == ["0.5 s.\n", "0.8 s.\n", "0.8 s.\n"]


def test_a_redis_that_hangs_does_not_hold_it_longer_than_it_may(redis: RedisServer) -> None:
    redis.pause()
    with preflight("--wait", "2", "--broker", redis.url) as program:
        code, took = program.end()
    redis.resume()

    assert code == 2
    assert took < 2 + BUSY_SECONDS


def test_a_wrong_password_is_reported_and_waited_for_as_it_may_be_rotated_in(redis: RedisServer) -> None:
    url = f"redis://:other@127.0.0.1:{redis.port}/0"
    with preflight("--wait", "40", "--broker", url) as program:
        program.wait_for_line("This does not go away by itself.")
        _set_password(redis, "other")

        assert program.end()[0] == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_it_at_once(number: signal.Signals, code: int) -> None:
    with preflight("--interval-max", "30", "--broker", "redis://127.0.0.1:1/0") as program:
        program.wait_for_line("Next attempt in 8.0 s.")
        program.process.send_signal(number)

        assert program.end()[0] == code

    # It has made no further attempt.
    assert "Next attempt in 8.0 s." in program.lines[-2]
    assert program.lines[-1] == "Interrupted while waiting.\n"


def test_a_broker_that_cannot_be_asked_is_not_waited_for() -> None:
    with preflight("--broker", "sqs://") as program:
        assert program.end()[0] == 0

    assert program.lines[0].startswith("broker: not checked.")


def test_results_that_are_not_stored_are_not_waited_for() -> None:
    with preflight("--result-backend", "disabled") as program:
        assert program.end()[0] == 0

    assert program.lines == [
        "result backend: not checked. The result backend is disabled: the application stores no results.\n"
    ]


def test_sentinels_are_checked_once_their_url_names_the_master(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as master, sentinel(tmp_path / "sentinel", master.port) as port:
        url = f"sentinel://127.0.0.1:{port}/0"
        with preflight("--broker", url, "--result-backend", url) as unnamed:
            assert unnamed.end()[0] == 0
        with preflight("--broker", f"{url}?master_name={MASTER_NAME}") as named:
            assert named.end()[0] == 0

    [line] = unnamed.lines
    assert line.startswith("broker and result backend: not checked.")
    assert "add ?master_name=NAME to the URL" in line
    assert "-A APP" not in line
    assert [line.startswith("broker: ready after ") for line in named.lines] == [True]


def test_a_result_backend_with_which_workers_end_is_not_ready_though_it_answers(tmp_path: Path) -> None:
    authority = certificates.authority(tmp_path)
    server = certificates.server(tmp_path, authority)
    port = free_port()
    arguments = ["--tls-port", str(port), "--tls-auth-clients", "no"]
    arguments += ["--tls-cert-file", str(server.certificate), "--tls-key-file", str(server.key)]
    arguments += ["--tls-ca-cert-file", str(authority.certificate)]
    trusted = {"SSL_CERT_FILE": str(authority.certificate)}
    url = f"rediss://localhost:{port}/0"
    with redis_server(tmp_path / "redis", arguments=arguments):
        with preflight("--broker", url, "--result-backend", url, **trusted) as doubtful:
            assert doubtful.end()[0] == 0
        with preflight("--result-backend", f"{url}?ssl_cert_reqs=required", **trusted) as certain:
            assert certain.end()[0] == 0

    assert any(line.startswith("broker: ready after") for line in doubtful.lines)
    [results] = [line for line in doubtful.lines if line.startswith("result backend:")]
    assert results.startswith(f"result backend: not checked. {url} answers. But Celery refuses")
    assert [line.startswith("result backend: ready after") for line in certain.lines] == [True]


def test_a_database_whose_driver_is_missing_ends_it_with_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "psycopg.py").write_text("raise ImportError('as if it were not installed')\n")
    arguments = ("--broker", "redis://127.0.0.1:1/0", "--database", "postgresql://127.0.0.1:2/shop")
    with preflight(*arguments, PYTHONPATH=str(tmp_path)) as program:
        assert program.end()[0] == 3

    assert "pip install 'celery-operator[database]'" in program.lines[-1]


def _set_password(redis: RedisServer, password: str) -> None:
    commands = f"AUTH {redis.password}\nCONFIG SET requirepass {password}\n"
    subprocess.run(
        ["redis-cli", "-p", str(redis.port)], input=commands, text=True, check=True, capture_output=True
    )
