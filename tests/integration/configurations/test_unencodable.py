"""A worker that fails to encode an answer takes no more tasks from Redis: no check may ask for it."""

from pathlib import Path

import pytest
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_6
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import run, worker
from tests.integration.configurations.configured import TIMEOUT_SECONDS, log, messages

APP = "cli_unencodable"
ECHO = "celery.accumulate"
SECONDS = ("--timeout", f"{TIMEOUT_SECONDS:g}")


@pytest.mark.parametrize(("what", "serializer"), [("settings", "json"), ("arguments", "pickle")])
def test_checks_leave_the_worker_as_it_is(
    tmp_path: Path, what: str, serializer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("C_FORCE_ROOT", "1")
    monkeypatch.setenv("TEST_UNENCODABLE", what)
    arguments = {"json": ["later"], "pickle": [{"later"}]}[serializer]
    home = tmp_path / "worker"
    with redis_server(tmp_path / "redis") as server, worker(home, CELERY_5_6, server.url, app=APP):
        wait_for(lambda: " ready." in log(home), 60.0, lambda: log(home))
        with Celery("producer", broker=server.url, set_as_current=False) as producer:
            later = producer.send_task(ECHO, arguments, {"index": 0}, serializer=serializer, countdown=600)
            wait_for(lambda: later.id in log(home), 30.0, lambda: log(home))
            found = [run("-A", APP, "--format", "json", *SECONDS, broker=server.url) for _ in range(2)]
            why = run("why", later.id, "-A", APP, *SECONDS, broker=server.url)
            now = producer.send_task(ECHO, ["now"], {"index": 0})
            wait_for(lambda: f"{now.id}] succeeded" in log(home), 30.0, lambda: log(home))
    assert [one.code for one in found] == [0, 0], [messages(one) for one in found]
    assert why.code in {0, 1}, why
    assert "Traceback" not in log(home)
