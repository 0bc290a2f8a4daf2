"""A message that RabbitMQ has delivered to several queues goes back to the one that it was taken from."""

from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7, World
from tools.testbed.servers import RabbitServer

from tests.integration.agent.harness import producer
from tests.integration.agent.quarantine import RabbitMessages, moved, order, patient_worker, wait_until_ran
from tests.integration.cli.harness import run
from tests.integration.dead_letters.quarantine import amqp_connection, declare, lengths


@pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: world.celery)
def test_neither_the_move_nor_the_replay_delivers_to_the_other_queues(
    world: World, rabbit: RabbitServer, tmp_path: Path
) -> None:
    own, bound, copied = (f"{name}-{world.celery}" for name in ("own", "bound", "copied"))
    dead = f"{own}.dead-letter"
    with (
        amqp_connection(rabbit) as connection,
        producer(rabbit.url) as app,
        patient_worker(
            tmp_path / "worker", world, "prefork", rabbit.url, env={"TEST_QUEUE": own}, start=False
        ) as worker,
    ):
        channel = connection.channel()
        channel.exchange_declare("events", "topic", durable=True, auto_delete=False)
        for queue in (own, bound, copied):
            declare(channel, queue)
        for queue in (own, bound):
            channel.queue_bind(queue, "events", "user.#")
        channel.queue_bind(copied, "events", copied)
        _send(app, "listed", CC=[copied])
        order(worker, "id-listed", queue=dead)
        worker.start()
        worker.wait_until(moved(1))
        (found,) = RabbitMessages(rabbit.url).queued(dead)
        assert (found.headers["x-celery-probe-queue"], found.headers["x-celery-probe-cc"]) == (own, [copied])
        assert lengths(channel, bound, copied) == [1, 1]

        order(worker, queue=dead)
        replayed = run("dead-letter", "replay", "--all", "--queue", dead, "--broker", rabbit.url)
        assert replayed.out == f"id-listed (agent_app.note): put back into {own}.\n", replayed.err
        wait_until_ran(worker, "listed")
        assert lengths(channel, bound, copied) == [1, 1]


def test_the_queue_is_known_after_a_worker_has_stopped_to_consume_it(
    rabbit: RabbitServer, tmp_path: Path
) -> None:
    with (
        amqp_connection(rabbit) as connection,
        producer(rabbit.url) as app,
        patient_worker(
            *(tmp_path / "worker", CELERY_5_7, "prefork", rabbit.url),
            env={"TEST_QUEUE": "drained"},
            arguments=("-c", "1"),
        ) as worker,
    ):
        worker.wait_until_consuming()
        channel = connection.channel()
        channel.exchange_declare("events", "topic", durable=True, auto_delete=False)
        channel.queue_bind("drained", "events", "user.#")
        worker.hold(app, "first", queue="drained")
        worker.wait_until(lambda report: report.active_count == 1)
        _send(app, "listed")
        worker.wait_until(lambda report: report.reserved == 1)
        worker.drain()
        worker.wait_until(lambda report: report.phase == "draining")
        order(worker, "id-listed", queue="drained.dead-letter")
        worker.wait_until(moved(1))
        (found,) = RabbitMessages(rabbit.url).queued("drained.dead-letter")
        assert found.headers["x-celery-probe-queue"] == "drained"


def _send(app: Celery, name: str, **headers: Any) -> None:
    """Send a task to the exchange, which delivers it to all bound queues."""
    route = {"exchange": "events", "routing_key": "user.new"}
    app.send_task("agent_app.note", (name,), task_id=f"id-{name}", headers=headers, **route)
