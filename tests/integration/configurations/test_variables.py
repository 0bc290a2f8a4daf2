"""The variables that ``celery`` reads in place of its options name the workers' broker before all others."""

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
def test_the_broker_and_result_backend_of_workers(redis: RedisServer, tmp_path: Path, variable: str) -> None:
    closed = f"redis://127.0.0.1:{free_port()}/0"
    settings = {"broker_url": closed, "result_backend": closed}
    variables = {
        variable: redis.url,
        "RESULT_BACKEND": redis.url,
        "CELERY_BROKER_URL": closed,
        "CELERY_RESULT_BACKEND": closed,
        "TEST_SETTINGS": json.dumps(settings),
    }
    with worker(tmp_path, CELERY_5_6, "", app=APP, **variables):
        wait_for(lambda: " ready." in log(tmp_path), 60.0, lambda: log(tmp_path))
        found = run("-A", APP, *COMMAND, **variables)
        unnamed = run(*COMMAND, CELERY_APP=APP, **variables)
        without = run("preflight", "--wait", "1", **variables)
    assert (found.code, found.document["status"]) == (0, "healthy"), messages(found)
    assert (unnamed.code, unnamed.document["status"]) == (0, "healthy"), messages(unnamed)
    assert without.code == 0, without
    reached = {**variables, variable: closed, "CELERY_BROKER_URL": redis.url}
    assert run("preflight", "--wait", "1", **reached).code == 2
