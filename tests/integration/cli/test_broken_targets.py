"""Targets that cannot be checked: one clear line, the right exit code, in time, without a secret."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis as redis_client
from tools.testbed.servers import RabbitServer, free_port, redis_server
from tools.testbed.waiting import BUSY_SECONDS, wait_for

from tests.integration.cli.harness import run

TIMEOUT_SECONDS = 15
"""Long enough to load an application on a busy machine."""
AMPLE = ("--timeout", "30")
"""For a check that does not wait until its time is over."""
AT_ONCE = 15.0
"""Seconds in which a busy machine has an outcome that is known at once: half of its timeout."""
IMPORTING = 3.0
"""Seconds of the processor's time for it: nothing is tried again and again."""


def test_nothing_listens() -> None:
    outcome = run("--broker", f"redis://:geheim@127.0.0.1:{free_port()}/0", "--format", "json", *AMPLE)
    assert (outcome.code, outcome.reasons) == (2, {"BrokerUnreachable"})
    assert outcome.document["broker"]["reason"] == "ConnectionRefused"
    assert outcome.document["took_seconds"] < AT_ONCE
    assert outcome.processor < IMPORTING


def test_the_url_names_no_host() -> None:
    outcome = run("--broker", f"redis://:{free_port()}/0", "--format", "summary")
    assert outcome.code == 2
    assert "localhost" in outcome.out


@pytest.mark.parametrize("login", ["", ":falsch@", "stranger:falsch@"], ids=["none", "wrong", "unknown user"])
def test_the_password_is_missing_or_wrong(login: str, tmp_path: Path) -> None:
    with redis_server(tmp_path, password="geheim") as redis:
        outcome = run("--broker", f"redis://{login}127.0.0.1:{redis.port}/0", "--format", "json", *AMPLE)
        assert (outcome.code, outcome.reasons) == (2, {"BrokerUnreachable"})
        assert outcome.document["broker"]["reason"] == "AuthenticationFailed"
        assert outcome.document["took_seconds"] < AT_ONCE
        assert outcome.processor < IMPORTING
        assert "falsch" not in outcome.out
        assert run("--broker", redis.url, "--format", "json", *AMPLE).reasons == {"NoWorkers"}


@pytest.fixture
def tls_port(tmp_path: Path) -> Iterator[int]:
    """A Redis that speaks nothing but TLS."""
    certificate, key = tmp_path / "server.crt", tmp_path / "server.key"
    request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    files = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *request.split(), *files], check=True, capture_output=True)
    port = free_port()
    command = ["redis-server", "--port", "0", "--tls-port", str(port), "--save", "", "--bind", "127.0.0.1"]
    command += ["--tls-cert-file", str(certificate), "--tls-key-file", str(key)]
    command += ["--tls-ca-cert-file", str(certificate), "--tls-auth-clients", "no"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(lambda: listens(port), describe="the server listens")
            yield port
        finally:
            server.kill()


def listens(port: int) -> bool:
    with closing(socket.socket()) as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_a_server_that_speaks_tls_only(tls_port: int, tmp_path: Path) -> None:
    plain = run("--broker", f"redis://localhost:{tls_port}/0", "--format", "json", *AMPLE)
    assert (plain.code, plain.document["status"]) == (2, "unknown")
    assert plain.document["broker"]["reason"] == "TLSFailed"
    assert "write rediss://" in plain.document["problems"][0]["message"]
    assert plain.processor < IMPORTING

    untrusted = run(
        "--broker", f"rediss://localhost:{tls_port}/0?ssl_cert_reqs=required", "--format", "json", *AMPLE
    )
    assert (untrusted.code, untrusted.document["status"]) == (2, "unknown")
    assert untrusted.document["broker"]["reason"] == "TLSFailed"
    assert "ssl_ca_certs" in untrusted.document["problems"][0]["message"]
    assert untrusted.processor < IMPORTING

    trust = f"?ssl_cert_reqs=required&ssl_ca_certs={tmp_path}/server.crt"
    trusted = run("--broker", f"rediss://localhost:{tls_port}/0{trust}", "--format", "json", *AMPLE)
    assert trusted.reasons == {"NoWorkers"}


def test_the_server_does_not_speak_tls(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        outcome = run("--broker", f"rediss://127.0.0.1:{redis.port}/0", "--format", "json")
        assert (outcome.code, outcome.reasons) == (2, {"BrokerUnreachable"})


@pytest.mark.parametrize("extra", [(), ("--test-tasks", "--check-redis")], ids=["plain", "everything"])
def test_a_server_that_hangs(extra: tuple[str, ...], tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        redis.pause()
        outcome = run(
            "-A", "cli_shop", "--timeout", str(TIMEOUT_SECONDS), "--format", "json", *extra, broker=redis.url
        )
        redis.resume()
        assert outcome.code == 2
        assert "BrokerUnreachable" in outcome.reasons
        assert outcome.took < TIMEOUT_SECONDS + BUSY_SECONDS


def test_a_rabbitmq_that_hangs(rabbit: RabbitServer) -> None:
    rabbit.pause()
    try:
        outcome = run("--broker", rabbit.url, "--timeout", "1", "--format", "json")
    finally:
        rabbit.resume()
    assert (outcome.code, outcome.reasons) == (2, {"BrokerUnreachable"})
    assert outcome.took < 1 + BUSY_SECONDS


def test_a_rabbitmq_with_an_alarm(rabbit: RabbitServer) -> None:
    rabbit.control("set_disk_free_limit", "999GB")
    try:
        # RabbitMQ raises the alarm a moment after the command.
        wait_for(lambda: alarm_named(rabbit), 60, "the alarm as the cause")
    finally:
        rabbit.control("set_disk_free_limit", "1MB")


def alarm_named(rabbit: RabbitServer) -> bool:
    outcome = run("-A", "cli_shop", "--format", "json", *AMPLE, broker=rabbit.url)
    return outcome.document["broker"]["reason"] == "Alarm" and outcome.code == 2


def test_a_redis_without_enough_replicas_is_named_with_an_application_as_well(tmp_path: Path) -> None:
    with redis_server(tmp_path, arguments=("--min-replicas-to-write", "1")) as redis:
        outcome = run("-A", "cli_shop", "--format", "json", *AMPLE, broker=redis.url)
    assert (outcome.code, outcome.reasons) == (2, {"BrokerUnreachable", "ResultBackendUnreachable"})
    assert "NOREPLICAS" in outcome.document["broker"]["message"]
    assert "start its replicas, or lower min-replicas-to-write." in outcome.document["broker"]["message"]


def test_an_application_that_hangs_on_import_is_reported_with_the_line() -> None:
    outcome = run("-A", "cli_hangs", "--timeout", str(TIMEOUT_SECONDS), broker="redis://127.0.0.1:1/0")
    assert outcome.code == 3
    assert f"after {TIMEOUT_SECONDS} s" in outcome.err
    assert "cli_hangs.py, line 8" in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert outcome.took < TIMEOUT_SECONDS + BUSY_SECONDS


def test_a_million_keys_do_not_delay_the_check(tmp_path: Path) -> None:
    with redis_server(tmp_path, arguments=["--enable-debug-command", "yes"]) as redis:
        with redis_client.Redis(port=redis.port) as client:
            client.execute_command("DEBUG", "POPULATE", 1_000_000, "celery-task-meta", 10)
        outcome = run("--broker", redis.url, "--check-redis", "--format", "json", *AMPLE)
        assert outcome.reasons == {"NoWorkers"}
        assert outcome.document["redis"]["keys"] >= 1_000_000
        assert outcome.document["redis"]["tasks"]["sampled"] is True
        assert outcome.took < 5 + BUSY_SECONDS
        assert "scanned keys)" in run("--broker", redis.url, "--check-redis", *AMPLE).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "use --broker"),
        (("--broker", "redis://:geheim@127.0.0.1/text"), "The database of the redis URL is not a number"),
        (("--broker", "redis://:geheim@${REDIS_HOST}/0"), "is a placeholder"),
        (("--broker", "redis://:geheim@redis:port/0"), "no readable host and port"),
        (("--broker", "localhost:6379"), "The URL has no scheme"),
        (("-A", "cli_missing"), "there is no module 'cli_missing'"),
        (("-A", "cli_shop:nothing"), "the module 'cli_shop' has no 'nothing'"),
        (("-A", "cli_shop:os"), "it is not a Celery application"),
        (("-A", "cli_boom"), "it raises RuntimeError: cannot reach redis://***@cache/0"),
        (("-A", "cli_needs"), "it imports 'a_library_that_is_not_there', which is not installed here"),
        (("-A", "cli_shop", "--task", "cli_shop.nap"), "--task needs --test-tasks"),
        (("--broker", "redis://127.0.0.1/0", "--test-tasks"), "no result backend is known"),
        (
            ("--broker", "redis://127.0.0.1/0", "--management-url", "nonsense"),
            "--management-url cannot be used",
        ),
    ],
)
def test_what_cannot_be_checked_is_reported_in_one_line(arguments: tuple[str, ...], words: str) -> None:
    outcome = run(*arguments, *AMPLE, broker="redis://127.0.0.1:1/0")
    assert outcome.code == 3
    assert words in outcome.err
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
