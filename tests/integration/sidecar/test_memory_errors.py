"""A task whose MemoryError ends worker after worker, from the sidecar's report to the operator's order."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7, World
from tools.testbed.servers import rabbit_server, redis_server
from tools.testbed.waiting import wait_for

from celery_health.verdicts.deaths import FleetDeaths
from celery_health.verdicts.fleet.poison_tasks import poison_ids
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS, DEFAULT_THRESHOLDS
from celery_health.wire.orders import QuarantineBody
from celery_operator.observe.deaths import SeenDeaths
from tests.integration.agent.harness import producer
from tests.integration.agent.quarantine import DEAD, RabbitMessages, RedisMessages
from tests.integration.sidecar.watched import Watched, watched
from tests.unit.decide.pods import pod, reading

SECONDS = 60


def seen(worker: Watched) -> FleetDeaths:
    """The deaths, as the operator counts them by this answer of the sidecar alone."""
    worker.observer.refresh()
    answered = replace(reading(), report=None, ends=worker.observer.answer().ends)
    return SeenDeaths().update((replace(pod(), reading=answered),), 1000.0, datetime.now(UTC))


def has_died(worker: Watched, task_id: str, times: int) -> bool:
    return {victim.id: victim.count for victim in seen(worker).victims()} == {task_id: times}


def ids(messages: RedisMessages | RabbitMessages) -> list[str]:
    """The task ids in the dead-letter queue."""
    return [
        message["headers"]["id"] if isinstance(message, dict) else message.headers["id"]
        for message in messages.queued(DEAD)
    ]


@pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: world.celery)
@pytest.mark.parametrize("broker", ["redis", "rabbit"])
def test_after_three_ends_the_operator_has_a_poison_task_and_the_next_worker_moves_its_message(
    world: World, broker: str, tmp_path: Path
) -> None:
    home = tmp_path / "broker"
    home.mkdir()
    # Of its own: a killed worker of another test may still wait at a broker for messages.
    with (
        redis_server(home) if broker == "redis" else rabbit_server(home) as server,
        producer(server.url) as app,
        watched(
            tmp_path,
            world,
            "prefork",
            server.url,
            thresholds=DEFAULT_THRESHOLDS,
            arguments=("-I", "agent_deaths", "-c", "2"),
        ) as worker,
    ):
        messages = RedisMessages(server.url) if broker == "redis" else RabbitMessages(server.url)
        worker.observer.refresh()
        task_id = app.send_task("agent_deaths.starve", queue="celery").id
        for times in (1, 2, 3):
            wait_for(partial(has_died, worker, task_id, times), SECONDS, worker.worker.log)
            assert worker.worker.process
            assert worker.worker.process.wait(SECONDS) == 1
            worker.worker.end()
            if times < 3:
                worker.worker.start()
        (victim,) = poison_ids(seen(worker), DEFAULT_FLEET_THRESHOLDS)
        assert (victim.id, victim.cause, victim.returns) == (task_id, "MemoryError", True)
        worker.observer.quarantine.set(QuarantineBody(DEAD, (task_id,)))
        worker.worker.start()
        wait_for(lambda: ids(messages) == [task_id], SECONDS, worker.worker.log)
