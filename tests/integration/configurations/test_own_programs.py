"""Which application and queues are meant, as Celery reads them, and how the program ends."""

import subprocess
from pathlib import Path

import pytest
from tools.testbed.servers import redis_server

from tests.integration.cli.harness import PROGRAMS, run
from tests.integration.configurations.configured import a_worker, health, messages

THREAD = """\
import atexit, threading
from celery import Celery
app = Celery("own", broker="redis://127.0.0.1:1/0")
threading.Thread(target=threading.Event().wait).start()
print("started")
atexit.register(print, "goodbye")
"""
ARGUMENTS = ("--timeout", "30", "--format", "json")


def test_without_an_application_the_configuration_of_celery_is_read(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        (tmp_path / "celeryconfig.py").write_text(f"broker_url = {redis.database(1)!r}\n")
        (tmp_path / "shop_config.py").write_text(f"broker_url = {redis.database(2)!r}\n")
        (tmp_path / "shop.py").write_text(
            f"from celery import Celery\napp = Celery(broker={redis.database(3)!r})\n"
        )
        elsewhere = "redis://127.0.0.1:1/0"
        found = [
            run(*ARGUMENTS, home=tmp_path, REDIS_URL=elsewhere),
            run(*ARGUMENTS, home=tmp_path, CELERY_CONFIG_MODULE="shop_config"),
            run(*ARGUMENTS, home=tmp_path, APP="shop"),
            run(*ARGUMENTS, "--broker", redis.database(4), home=tmp_path),
            run("health", *ARGUMENTS, program="celery", home=tmp_path),
        ]
    databases = [one.document["broker"]["address"].rpartition("/")[2] for one in found]
    assert databases == ["1", "2", "3", "4", "1"]
    # A command that is printed has to work in this folder as it is.
    commands = [one.document["problems"][0]["command"] for one in found]
    programs = [command.removesuffix(" worker --loglevel=INFO") for command in commands]
    assert programs == ["celery", "celery", "celery -A shop", "celery -A APP", "celery"]
    assert [one.document["app"] for one in found] == [None, None, "shop", None, None]


def test_a_configuration_that_imports_what_is_missing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "celeryconfig.py").write_text("import nosuchmodule\n")
    found = run(*ARGUMENTS, home=tmp_path)
    assert (found.code, len(found.err.splitlines())) == (3, 1)
    assert "it imports 'nosuchmodule', which is not installed here" in found.err


def test_several_queues_in_one_value_are_several_queues(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        settings = {"broker_url": redis.url}
        with a_worker(tmp_path / "worker", settings, ["-Q", "a,b"]):
            found = health(settings, "--queue", "a, b", "--queue", "c")
    assert [queue["name"] for queue in found.document["queues"]] == ["a", "b", "c"]
    # No message is in c, but who names it wants to hear that no worker consumes it.
    assert (found.code, found.reasons) == (1, {"QueueNotConsumed"})
    assert "No worker consumes c (0 messages)" in messages(found)


def test_an_application_that_keeps_a_thread_does_not_keep_the_program(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(THREAD)
    found = run("-A", "own", *ARGUMENTS, home=tmp_path)
    assert (found.code, found.reasons) == (2, {"BrokerUnreachable"})
    refused = run("-A", "own", "--task", "nap", home=tmp_path)
    assert refused.code == 3


def test_what_is_printed_at_the_end_is_not_part_of_the_document(tmp_path: Path) -> None:
    without_thread = THREAD.replace("threading.Thread(target=threading.Event().wait).start()\n", "")
    (tmp_path / "own.py").write_text(without_thread)
    for program in (("celery-health", "-A", "own"), ("celery", "-A", "own", "health")):
        found = run(*program[1:], *ARGUMENTS, program=program[0], home=tmp_path)
        assert found.code == 2
        assert found.out.partition("{")[2].rstrip().endswith("}")
        assert "goodbye" in found.err


PRINTS = """\
import logging, os, sys
from celery import Celery
from celery.signals import before_task_publish
os.system("echo imported")
logging.basicConfig(level=logging.DEBUG, stream=sys.__stdout__)
app = Celery("own", broker={broker!r}, backend={broker!r})
@before_task_publish.connect
def report(headers, **_):
    print("published", flush=True)
    os.system("echo published")
    app.backend.store_result(headers["id"], ValueError("no worker"), "FAILURE")
"""


def test_what_the_application_prints_is_no_result(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        (tmp_path / "own.py").write_text(PRINTS.format(broker=redis.url))
        found = run("-A", "own", *ARGUMENTS[2:], "--timeout", "30", "--test-tasks", home=tmp_path)
    assert (found.code, found.document["test_tasks"][0]["ok"]) == (2, False)
    for printed in ("imported", "published", "DEBUG:asyncio"):
        assert printed in found.err


def test_an_application_that_ends_the_process_is_not_healthy(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("import os\nos._exit(0)\n")
    ended = run("-A", "own", "--timeout", "30", home=tmp_path)
    assert ended.code == 3
    assert "it raises SystemExit: 0" in ended.err


@pytest.mark.parametrize(
    ("arguments", "output", "code"),
    [
        ("--format json", "/dev/full", 3),
        ("why some-task", "/dev/full", 3),
        ("preflight --wait 0.1", "/dev/full", 3),
        ("--format json", "&-", 2),
    ],
)
def test_a_result_that_cannot_be_printed_is_no_degraded_application(
    arguments: str, output: str, code: int
) -> None:
    command = f"exec {PROGRAMS}/celery-health {arguments} --broker redis://127.0.0.1:1/0 >{output}"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert ("No space left on device" in ended.stderr) is (code == 3)
