"""A message that a worker would discard is not put back."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_7
from tools.testbed.servers import RabbitServer, RedisServer
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import run, worker
from tests.integration.dead_letters.quarantine import (
    QUEUE,
    amqp_connection,
    declare,
    lengths,
    lines,
    quarantine_on_rabbitmq,
    quarantine_on_redis,
    send,
)

# A worker that consumes another queue lets the messages wait.
OTHER_QUEUE = ("-Q", "other", "--hostname", "one@here")


def revoke(url: str, *ids: str) -> None:
    """As a user does with `celery control revoke`, until the worker has all the ids."""
    with Celery("control", broker=url, set_as_current=False) as app:
        wait_for(partial(_revoked, app, ids), 60, "the worker has revoked the tasks")


def _revoked(app: Any, ids: tuple[str, ...]) -> bool:
    app.control.revoke(list(ids))
    answers = app.control.inspect(timeout=1.0).revoked() or {}
    return set(ids) <= set(answers.get("one@here", ()))


def test_on_redis_a_revoked_message_stays_and_another_one_goes_back(
    redis: RedisServer, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    revoked, other = (send(CELERY_5_7, redis.url, notes, word) for word in ("revoked", "other"))
    for _ in range(2):
        quarantine_on_redis(redis, "celery")
    client: Any = redis_client.Redis(port=redis.port)
    with client, worker(tmp_path / "worker", CELERY_5_7, redis.url, OTHER_QUEUE):
        revoke(redis.url, revoked)
        refused = run("-A", "cli_shop", "dead-letter", "replay", revoked, broker=redis.url)
        assert (refused.code, refused.out) == (2, "")
        assert f"{revoked} (cli_shop.note): Not put back: one@here has revoked the task" in refused.err
        assert (client.llen(QUEUE), client.exists("celery")) == (2, 0)

        every = run("dead-letter", "replay", "--all", "--broker", redis.url)
        assert (every.code, "1 of 2 messages put back." in every.out) == (2, True)
        assert f"{other} (cli_shop.note): put back into celery." in every.out
        assert (client.llen(QUEUE), client.llen("celery")) == (1, 1)


@pytest.mark.usefixtures("rabbit")
def test_on_rabbitmq_a_revoked_message_stays(rabbit: RabbitServer, tmp_path: Path) -> None:
    with amqp_connection(rabbit) as connection:
        channel = connection.channel()
        declare(channel, "celery")
        revoked = send(CELERY_5_7, rabbit.url, tmp_path / "notes", "revoked")
        quarantine_on_rabbitmq(channel, "celery")
        with worker(tmp_path / "worker", CELERY_5_7, rabbit.url, OTHER_QUEUE):
            revoke(rabbit.url, revoked)
            refused = run("-A", "cli_shop", "dead-letter", "replay", "--all", broker=rabbit.url)
            assert (refused.code, refused.out) == (2, "")
            assert "one@here has revoked the task and would discard the message" in refused.err
            assert lengths(channel, QUEUE, "celery") == [1, 0]


def test_a_worker_that_cannot_answer_is_named_as_unknown_and_the_message_goes_back(
    redis: RedisServer, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    task_id = send(CELERY_5_7, redis.url, notes, "one")
    quarantine_on_redis(redis, "celery")
    solo = ("--pool", "solo", *OTHER_QUEUE)
    with (
        worker(tmp_path / "worker", CELERY_5_7, redis.url, solo),
        Celery("control", broker=redis.url, set_as_current=False) as app,
    ):
        wait_for(lambda: app.control.inspect(timeout=1.0).ping(), 60, "the worker answers")
        # A worker with the pool solo does not answer while it runs a task.
        app.send_task("cli_shop.nap", [60], queue="other")
        wait_for(lambda: not app.control.inspect(timeout=0.5).ping(), 30, "the task runs")
        replayed = run("-A", "cli_shop", "dead-letter", "replay", task_id, broker=redis.url)
        assert (replayed.code, "put back into celery." in replayed.out) == (0, True)
        assert "0 of 1 worker answered" in replayed.err
        assert "A worker that has revoked a task discards its message." in replayed.err
    assert lines(notes) == []
