"""Workers of another application at the same broker do not serve this one."""

from pathlib import Path

import pytest
from tools.testbed.servers import redis_server

from tests.integration.cli.harness import Outcome, run
from tests.integration.configurations.configured import a_worker, health, messages

OWN = "from celery import Celery\napp = Celery('own', broker={broker!r})\n"
TASK = "@app.task\ndef add():\n    pass\n"


def own(home: Path, text: str) -> Outcome:
    home.mkdir()
    (home / "own.py").write_text(text)
    return run("-A", "own", "--format", "json", "--timeout", "30", home=home)


def test_workers_of_another_application_are_no_workers_of_this_one(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        third = {"broker_url": redis.url}
        text = OWN.format(broker=redis.url)
        routes = "app.conf.task_routes = {'*': {'queue': 'thirdq'}}\n"
        with a_worker(tmp_path / "third", third, ["-Q", "thirdq"]):
            alone = own(tmp_path / "own", text + TASK)
            without_tasks = own(tmp_path / "without", text)
            routed = own(tmp_path / "routed", text + routes)
            # It declares another queue, and its worker knows its tasks.
            other_queue = health(third)
    assert (alone.code, alone.reasons) == (2, {"NoWorkers"}), messages(alone)
    assert (without_tasks.code, without_tasks.document["status"]) == (1, "unknown"), messages(without_tasks)
    for found in (routed, other_queue):
        assert (found.code, found.document["status"]) == (0, "healthy"), messages(found)


@pytest.mark.parametrize(
    "other",
    [{"broker_transport_options": {"global_keyprefix": "other:"}}, {"control_exchange": "other"}],
    ids=["prefix", "exchange"],
)
def test_a_worker_that_waits_for_another_application_is_no_silent_one(
    tmp_path: Path, other: dict[str, object]
) -> None:
    with redis_server(tmp_path / "redis") as redis:
        settings = {"broker_url": redis.url}
        with a_worker(tmp_path / "other", {**settings, **other}):
            found = health(settings)
            # Without an application it may be the worker that is meant.
            unclear = run("--broker", redis.url, "--format", "json", "--timeout", "30")
    assert (found.code, found.reasons) == (2, {"NoWorkers"}), messages(found)
    assert found.document["unresponsive_workers_count"] == 0
    assert (unclear.code, unclear.reasons) == (2, {"WorkersUnknown"}), messages(unclear)
    assert unclear.document["status"] == "unknown"
    (problem,) = unclear.document["problems"]
    assert "1 worker" in problem["message"]
    assert problem["command"] == "celery -A APP health"
