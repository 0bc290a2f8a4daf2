"""Whatever ends in the middle of a move, the message stays in its queue or comes to the dead-letter queue."""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7, World
from tools.testbed.proxy import Cut, Proxy, proxy
from tools.testbed.servers import RabbitServer, rabbit_server, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.agent.harness import AgentWorker, agent_worker, producer
from tests.integration.agent.quarantine import (
    DEAD,
    RabbitMessages,
    RedisMessages,
    note,
    order,
    wait_until_ran,
)
from tests.integration.cli.harness import run

GRACE_SECONDS = 3
OLDEST_AND_NEWEST = pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: world.celery)
# Where the conversation ends: at a word of the worker, before or after it has reached the broker.
REDIS_STEPS = {
    "before-the-move": (b"HGET", Cut.BEFORE),
    "between-hget-and-exec": (b"LPUSH", Cut.BEFORE),
    "after-exec": (b"LPUSH", Cut.AFTER),
}
ACKNOWLEDGEMENT = b"\x00\x3c\x00\x50"
RABBIT_STEPS = {
    "before-the-move": (DEAD.encode(), Cut.BEFORE),
    "before-publish": (b"x-celery-probe-exchange", Cut.BEFORE),
    "between-publish-and-confirm": (b"x-celery-probe-exchange", Cut.AFTER),
    "between-confirm-and-ack": (ACKNOWLEDGEMENT, Cut.BEFORE),
}
DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


def kill(worker: AgentWorker) -> None:
    assert worker.process
    os.killpg(worker.process.pid, signal.SIGKILL)
    worker.process.wait(10)


def delete(worker: AgentWorker) -> None:
    """End the worker as the kubelet ends the containers of a deleted pod, with a short grace period."""
    assert worker.process
    worker.process.terminate()
    with suppress(subprocess.TimeoutExpired):
        worker.process.wait(GRACE_SECONDS)
    kill(worker)


ENDS = pytest.mark.parametrize(
    ("world", "end"),
    [(CELERY_5_3, kill), (CELERY_5_7, kill), (CELERY_5_7, delete)],
    ids=["killed-5.3", "killed-5.7", "deleted-5.7"],
)


def stopped_at(step: tuple[bytes, Cut], before: Proxy, worker: AgentWorker) -> None:
    """Run the worker until nothing passes any more."""
    before.fall_silent_at(*step)
    worker.start()
    assert before.reached.wait(60), worker.log()


def runs_again(worker: AgentWorker) -> bool:
    """Whether the worker consumes. One that ended with its connection is started again, as in a pod."""
    assert worker.process
    if worker.process.poll() is not None:
        worker.start()
    report = worker.report()
    return bool(report and report.pid == worker.process.pid and report.consuming)


@ENDS
@pytest.mark.parametrize("step", REDIS_STEPS)
def test_a_worker_that_ends_in_a_move_in_redis_loses_nothing(
    world: World, end: Callable[[AgentWorker], None], step: str, tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        proxy(redis.port) as before,
        producer(redis.url) as app,
        agent_worker(
            tmp_path / "worker", world, "prefork", f"redis://127.0.0.1:{before.port}/0", start=False
        ) as worker,
    ):
        messages = RedisMessages(redis.url)
        listed = note(app, "listed")
        (sent,) = messages.queued("celery")
        order(worker, listed)
        stopped_at(REDIS_STEPS[step], before, worker)
        if step == "after-exec":
            wait_for(lambda: messages.queued(DEAD), 10, "the message is moved")
        end(worker)
        assert (messages.queued(DEAD) or messages.unacknowledged()) == [sent]
        assert messages.ids() == [listed]
        assert worker.ran() == []


@pytest.mark.parametrize("step", REDIS_STEPS)
def test_redis_restarted_in_a_move_loses_nothing(step: str, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis", arguments=DURABLE) as redis,
        proxy(redis.port) as before,
        producer(redis.url) as app,
        agent_worker(
            tmp_path / "worker", CELERY_5_7, "prefork", f"redis://127.0.0.1:{before.port}/0", start=False
        ) as worker,
    ):
        messages = RedisMessages(redis.url)
        listed = note(app, "listed")
        order(worker, listed)
        stopped_at(REDIS_STEPS[step], before, worker)
        redis.kill()
        redis.start()
        assert messages.ids() == [listed]
        before.restore()
        # A worker of Celery 5.7 ends if Redis does not take back at once what the worker had.
        note(app, "well")
        wait_for(lambda: runs_again(worker) and worker.ran() == ["well"], 90, worker.log)
        wait_for(lambda: listed in messages.ids(), 10, "the message is somewhere")


@ENDS
@pytest.mark.parametrize("step", RABBIT_STEPS)
def test_a_worker_that_ends_in_a_move_in_rabbitmq_loses_nothing(
    world: World, end: Callable[[AgentWorker], None], step: str, rabbit: RabbitServer, tmp_path: Path
) -> None:
    queue = f"{end.__name__}-{world.celery}-{step}"
    messages = RabbitMessages(rabbit.url)
    with (
        proxy(rabbit.port) as before,
        producer(rabbit.url) as app,
        gated_worker(tmp_path, world, before, queue) as worker,
    ):
        dead = f"{queue}.{DEAD}"
        listed = note(app, "listed", queue)
        order(worker, listed, queue=dead)
        stopped_at(RABBIT_STEPS[step], before, worker)
        end(worker)
        before.restore()
        in_dead = step in {"between-publish-and-confirm", "between-confirm-and-ack"}
        wait_for(lambda: messages.ids(queue) == [listed], 20, "the broker has taken the delivery back")
        assert messages.ids(dead) == [listed] * in_dead
        # The next process moves it too, and runs nothing of it.
        worker.start()
        wait_for(lambda: messages.ids(dead) == [listed] * (1 + in_dead), 60, worker.log)
        note(app, "well", queue)
        wait_until_ran(worker, "well")
        assert messages.ids(queue) == []
        # However many copies there are, a replay has the task run once.
        worker.wait_until(lambda report: not (report.active_count or report.reserved))
        kill(worker)
        order(worker, queue=dead)
        replayed = run("dead-letter", "replay", listed, "--queue", dead, "--broker", rabbit.url)
        assert (replayed.code, replayed.err) == (0, "")
        assert (messages.ids(queue), messages.ids(dead)) == ([listed], [])
        worker.start()
        wait_until_ran(worker, "well", "listed")


@OLDEST_AND_NEWEST
@pytest.mark.parametrize("step", RABBIT_STEPS)
def test_a_connection_cut_in_a_move_in_rabbitmq_loses_nothing(
    world: World, step: str, rabbit: RabbitServer, tmp_path: Path
) -> None:
    queue = f"cut-{world.celery}-{step}"
    dead = f"{queue}.{DEAD}"
    messages = RabbitMessages(rabbit.url)
    with (
        proxy(rabbit.port) as before,
        producer(rabbit.url) as app,
        gated_worker(tmp_path, world, before, queue) as worker,
    ):
        listed = note(app, "listed", queue)
        order(worker, listed, queue=dead)
        stopped_at(RABBIT_STEPS[step], before, worker)
        before.restore()
        wait_for(lambda: listed in messages.ids(dead) and not messages.ids(queue), 60, worker.log)
        note(app, "well", queue)
        wait_until_ran(worker, "well")


@pytest.mark.parametrize("step", RABBIT_STEPS)
def test_rabbitmq_killed_and_restarted_in_a_move_loses_nothing(step: str, tmp_path: Path) -> None:
    queue, dead = "mail", f"mail.{DEAD}"
    (tmp_path / "rabbit").mkdir()
    with (
        rabbit_server(tmp_path / "rabbit") as rabbit,
        proxy(rabbit.port) as before,
        producer(rabbit.url) as app,
        gated_worker(tmp_path, CELERY_5_7, before, queue) as worker,
    ):
        messages = RabbitMessages(rabbit.url)
        # Of a message that is not confirmed RabbitMQ promises nothing.
        app.conf.broker_transport_options = {"confirm_publish": True}
        listed = note(app, "listed", queue)
        order(worker, listed, queue=dead)
        stopped_at(RABBIT_STEPS[step], before, worker)
        rabbit.kill()
        rabbit.start()
        assert messages.ids(queue) == [listed]
        # What RabbitMQ has not confirmed it may have stored.
        copies = {"between-publish-and-confirm": [0, 1], "between-confirm-and-ack": [1]}.get(step, [0])
        found = messages.ids(dead)
        assert found in [[listed] * count for count in copies]

        before.restore()
        note(app, "well", queue)
        wait_for(lambda: runs_again(worker) and worker.ran() == ["well"], 120, worker.log)
        wait_for(lambda: messages.ids(dead) == [listed] * (len(found) + 1), 60, worker.log)
        assert messages.ids(queue) == []


def gated_worker(tmp_path: Path, world: World, before: Proxy, queue: str) -> Any:
    """A worker that reaches RabbitMQ through the proxy; not started."""
    url = f"amqp://guest:guest@127.0.0.1:{before.port}//"
    return agent_worker(tmp_path / "worker", world, "prefork", url, env={"TEST_QUEUE": queue}, start=False)
