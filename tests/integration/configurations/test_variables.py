"""The variables that ``celery`` reads in place of its options name the workers' broker before all others.

Code that runs at the start of a worker names it last.
"""

import json
from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_6
from tools.testbed.servers import RedisServer, free_port
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import run, worker
from tests.integration.configurations.configured import APP, TIMEOUT_SECONDS, log, messages

COMMAND = ("--format", "json", "--timeout", f"{TIMEOUT_SECONDS:g}")


@pytest.mark.parametrize("variable", ["BROKER_URL", "CELERY_BROKER"])
def test_the_broker_and_result_backend_of_workers(
    redis: RedisServer, tmp_path: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = f"redis://127.0.0.1:{free_port()}/0"
    settings = json.dumps({"broker_url": closed, "result_backend": closed})
    for name in (variable, "RESULT_BACKEND"):
        monkeypatch.setenv(name, redis.url)
    less = {"CELERY_BROKER_URL": closed, "CELERY_RESULT_BACKEND": closed}

    with worker(tmp_path, CELERY_5_6, "", app=APP, TEST_SETTINGS=settings, **less):
        wait_for(lambda: " ready." in log(tmp_path), 60.0, lambda: log(tmp_path))
        found = run("-A", APP, *COMMAND, TEST_SETTINGS=settings, CELERY_BROKER_URL=closed)
        unnamed = run(*COMMAND, CELERY_APP=APP, TEST_SETTINGS=settings, CELERY_RESULT_BACKEND=closed)
        ready = run("preflight", "--wait", "60", CELERY_BROKER_URL=closed, CELERY_RESULT_BACKEND=closed)
        monkeypatch.setenv(variable, closed)
        refused = run("preflight", "--wait", "1", CELERY_BROKER_URL=redis.url)
    assert (found.code, found.document["status"]) == (0, "healthy"), messages(found)
    assert (unnamed.code, unnamed.document["status"]) == (0, "healthy"), messages(unnamed)
    assert ready.code == 0, ready
    assert (refused.code, closed.removeprefix("redis://").removesuffix("/0") in refused.out) == (2, True), (
        refused
    )


@pytest.mark.parametrize("late", ["finalize", "imports"])
def test_a_broker_that_is_named_at_the_start_of_a_worker(
    redis: RedisServer, tmp_path: Path, late: str
) -> None:
    with worker(tmp_path, CELERY_5_6, redis.url, app="cli_late", TEST_LATE=late):
        wait_for(lambda: " ready." in log(tmp_path), 60.0, lambda: log(tmp_path))
        found = run("-A", "cli_late", *COMMAND, broker=redis.url, TEST_LATE=late)
    assert (found.code, found.document["status"]) == (0, "healthy"), messages(found)
