"""Whatever is wrong with the target: one clear line, the right exit code, in time, without a secret."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
import redis as redis_client

from tests.integration.cli.harness import PROGRAMS, PROJECT, environment, run
from tests.support.servers import free_port, redis_server
from tests.support.waiting import wait_for

STARTING = 3.0
"""What Python may take to start where two cores are shared."""


def test_nothing_listens() -> None:
    outcome = run("--broker", f"redis://:geheim@127.0.0.1:{free_port()}/0", "--format", "json")
    assert (outcome.code, outcome.reasons) == (2, {"BrokerUnreachable"})
    assert outcome.document["broker"]["reason"] == "ConnectionRefused"


def test_a_password_is_missing(tmp_path: Path) -> None:
    with redis_server(tmp_path, password="geheim") as redis:
        outcome = run("--broker", f"redis://127.0.0.1:{redis.port}/0", "--format", "json")
        assert outcome.code == 2
        assert outcome.document["broker"]["reason"] == "AuthenticationFailed"
        assert run("--broker", redis.url, "--format", "json").reasons == {"NoWorkers"}


def test_the_server_does_not_speak_tls(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        outcome = run("--broker", f"rediss://127.0.0.1:{redis.port}/0", "--format", "json")
        assert (outcome.code, outcome.reasons) == (2, {"BrokerUnreachable"})


@pytest.mark.parametrize("extra", [(), ("--test-tasks", "--check-redis")], ids=["plain", "everything"])
def test_a_server_that_hangs(extra: tuple[str, ...], tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        redis.pause()
        outcome = run("-A", "cli_shop", "--timeout", "2", "--format", "json", *extra, broker=redis.url)
        redis.resume()
        assert outcome.code == 2
        assert "BrokerUnreachable" in outcome.reasons
        assert outcome.took < 2 + STARTING


def test_a_million_keys_do_not_hold_up_the_look(tmp_path: Path) -> None:
    with redis_server(tmp_path, arguments=["--enable-debug-command", "yes"]) as redis:
        with redis_client.Redis(port=redis.port) as client:
            client.execute_command("DEBUG", "POPULATE", 1_000_000, "celery-task-meta", 10)
        outcome = run("--broker", redis.url, "--check-redis", "--format", "json")
        assert outcome.reasons == {"NoWorkers"}
        assert outcome.document["redis"]["keys"] >= 1_000_000
        assert outcome.took < 5 + STARTING


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "No broker is given: write --broker"),
        (("--broker", "redis://:geheim@127.0.0.1/text"), "The database 'text' of the redis URL is no number"),
        (("-A", "cli_missing"), "there is no module 'cli_missing'"),
        (("-A", "cli_shop:nothing"), "the module 'cli_shop' has no 'nothing'"),
        (("-A", "cli_shop:os"), "it is no Celery application"),
        (("-A", "cli_boom"), "it raises RuntimeError: cannot reach redis://***@cache/0"),
        (("-A", "cli_needs"), "it imports 'a_library_that_is_not_there', which is not installed here"),
        (("-A", "cli_shop", "--task", "cli_shop.nap"), "--task names the task of --test-tasks"),
        (("--broker", "redis://127.0.0.1/0", "--test-tasks"), "no result store is known"),
        (
            ("--broker", "redis://127.0.0.1/0", "--management-url", "nonsense"),
            "--management-url cannot be used",
        ),
    ],
)
def test_what_cannot_be_looked_at_is_told_in_one_line(arguments: tuple[str, ...], told: str) -> None:
    outcome = run(*arguments, broker="redis://127.0.0.1:1/0")
    assert outcome.code == 3
    assert told in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert outcome.out == ""


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("celery-health", ("--bogus",)),
        ("celery-health", ("nonsense",)),
        ("celery-health", ("monitor", "--format", "summary")),
        ("celery", ("-A", "cli_shop", "health", "--timeout", "0")),
    ],
)
def test_wrong_use_ends_with_3(program: str, arguments: tuple[str, ...]) -> None:
    assert run(*arguments, program=program, broker="redis://127.0.0.1:1/0").code == 3


def test_ctrl_c_ends_what_is_watched_in_peace(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        output = tmp_path / "output"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [
                    str(PROGRAMS / "celery-health"),
                    "monitor",
                    "--watch",
                    "--broker",
                    redis.url,
                    "--interval",
                    "0.2",
                ],
                cwd=PROJECT,
                env=environment(),
                stdout=file,
                stderr=subprocess.STDOUT,
            )
            wait_for(lambda: output.read_text().count("Queues") >= 2, 20.0, output.read_text)
            os.kill(process.pid, signal.SIGINT)
            assert process.wait(timeout=10) == 0
        assert "Traceback" not in output.read_text()


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        command = (
            f"'{PROGRAMS}/celery-health' --watch --interval 0.1 --format json --broker {redis.url} | head -1"
        )
        done = subprocess.run(
            ["bash", "-c", command],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.stdout.startswith("{")
        assert done.stderr == ""
