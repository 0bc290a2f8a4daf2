"""``celery-health cancel`` and ``celery-health retry`` on a real Redis and a real worker."""

import json
from pathlib import Path

import pytest
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_6
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import Outcome, run, worker


def act(redis: RedisServer, *arguments: str) -> Outcome:
    options = ("--broker", redis.url, "--result-backend", redis.url, "--timeout", "20")
    return run(*arguments, *options, broker=redis.url)


def test_a_running_task_is_cancelled_and_sent_again(tmp_path: Path, redis: RedisServer) -> None:
    notes = tmp_path / "notes"
    with (
        # An application with a result backend would subscribe to the result of each task that it sends.
        Celery("sender", broker=redis.url, set_as_current=False) as app,
        Celery("reader", broker=redis.url, backend=redis.url, set_as_current=False) as reader,
        worker(tmp_path, CELERY_5_6, redis.url),
    ):

        def state(task_id: str) -> str:
            return str(reader.backend.get_task_meta(task_id)["status"])

        task = app.send_task("cli_shop.nap", args=[3600])
        tasks = app.control.inspect(timeout=5)
        wait_for(lambda: any((tasks.active() or {}).values()), 120)

        cancelled = act(redis, "cancel", task.id)
        assert (cancelled.code, "1 worker revoked the task" in cancelled.out) == (0, True), cancelled
        assert "celery-monitor keeps a cancel" in cancelled.out
        wait_for(lambda: state(task.id) == "REVOKED", 60)
        assert "nothing to cancel" in act(redis, "cancel", task.id).err

        refused = act(redis, "retry", task.id, "--name", "cli_shop.note", "--queue", "celery")
        assert (refused.code, "Give args and kwargs yourself" in refused.err) == (3, True), refused
        given = ("--args", json.dumps([str(notes), "again"]), "--kwargs", "{}")
        sent = act(redis, "retry", task.id, "--name", "cli_shop.note", "--queue", "celery", *given)
        assert (sent.code, "Sent again as " in sent.out) == (0, True), sent
        wait_for(lambda: notes.exists() and notes.read_text() == "again\n", 60)

        # With result_extended the result backend keeps all that is needed.
        failed = app.send_task("cli_shop.fail")
        wait_for(lambda: state(failed.id) == "FAILURE", 60)
        key = reader.backend.get_key_for_task(failed.id)
        meta = {**json.loads(reader.backend.get(key)), "name": "cli_shop.note", "queue": "celery"}
        meta |= {"args": [str(notes), "kept"], "kwargs": {"password": "p"}}
        reader.backend.set(key, json.dumps(meta).encode())
        assert act(redis, "retry", failed.id).code == 0
        wait_for(lambda: notes.read_text() == "again\nkept\n", 60)

        done = app.send_task("cli_shop.greet")
        wait_for(lambda: state(done.id) == "SUCCESS", 60)
        assert "has succeeded" in act(redis, "retry", done.id).err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("cancel", "the-id"), 2, "No worker answered"),
        (("retry", "the-id"), 3, "has nothing of the task"),
        (("retry", "the-id", "--args", "7"), 3, "--args is not a list"),
        (("retry", "the-id", "--kwargs", "{"), 3, "--kwargs is not JSON"),
        (("cancel", "the-id", "--signal", "SIGSTOP"), 3, "SIGSTOP"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(
    redis: RedisServer, arguments: tuple[str, ...], code: int, message: str
) -> None:
    options = ("--broker", redis.database(5), "--result-backend", redis.database(5), "--timeout", "2")
    refused = run(*arguments, *options, broker=redis.database(5))
    assert (refused.code, message in refused.err) == (code, True), refused
