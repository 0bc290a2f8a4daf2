"""Deaf workers of every kind are condemned, and none while its broker is away or while it is held."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, CELERY_5_7, World
from tools.testbed.proxy import proxy
from tools.testbed.servers import rabbit_server, redis_server
from tools.testbed.waiting import wait_for

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.thresholds import WorkerThresholds
from tests.integration.agent.deaf_worker import deaf_worker
from tests.integration.agent.harness import agent_worker
from tests.integration.sidecar.served import Sidecar, served
from tests.integration.sidecar.watched import watched

# Deaf grace, longest jitter and broker grace, with time for a slow machine.
CONDEMNED_WITHIN = 60.0
OUTAGE_SECONDS = 18.0
QUICK = WorkerThresholds(broker_grace=1.0, deaf_grace=1.0, silence=5.0)
QUIET = ("--without-heartbeat", "--without-gossip", "--without-mingle")
# The pod's own jitter, and what it takes until the evidence shows.
QUICK_WITHIN = 60.0


def wait_for_status(sidecar: Sidecar, status: int, timeout: float) -> None:
    wait_for(lambda: sidecar.status("/livez") == status, timeout, sidecar.report)


def test_a_deaf_worker_fails_liveness_but_not_while_redis_is_away_or_it_is_held(tmp_path: Path) -> None:
    faults = tmp_path / "faults"
    faults.mkdir()
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(tmp_path / "redis"))
        old = deaf_worker(stack, tmp_path / "old", redis)
        beside_old = stack.enter_context(served(old.directory, redis.url))
        new = stack.enter_context(
            agent_worker(
                tmp_path / "new",
                CELERY_5_7,
                "prefork",
                redis.url,
                arguments=("-I", "agent_faults"),
                env={"TEST_FAULTS": str(faults)},
            )
        )
        beside_new = stack.enter_context(served(new.directory, redis.url))
        new.wait_until_consuming()
        (faults / "unpolled").touch()
        wait_for(lambda: beside_new.reason("/readyz") == "Deaf", 20, beside_new.report)

        redis.pause()
        assert beside_new.hold(300) == 202
        wait_for(lambda: beside_old.report()["broker"]["reachable"] is False, 20, beside_old.report)

        def condemned() -> bool:
            return beside_old.status("/livez") != 200

        with pytest.raises(AssertionError, match="not within"):
            wait_for(condemned, OUTAGE_SECONDS)
        redis.resume()

        wait_for_status(beside_old, 503, CONDEMNED_WITHIN)
        assert beside_old.reason("/livez") == "Deaf"
        wait_for(lambda: not beside_new.report()["verdict"]["live"], CONDEMNED_WITHIN, beside_new.report)
        status, said = beside_new.ask("/livez")
        assert (status, said["reason"], said["message"].endswith("(restart hold)")) == (200, "Deaf", True)
        assert beside_new.hold(0) == 202
        wait_for_status(beside_new, 503, 5)


def test_a_worker_whose_consumer_rabbitmq_no_longer_has_is_condemned(tmp_path: Path) -> None:
    with (
        rabbit_server(tmp_path / "rabbit") as rabbit,
        watched(tmp_path / "worker", CELERY_5_7, "prefork", rabbit.url, thresholds=QUICK) as worker,
    ):
        assert worker.verdict().live
        worker.inject("cancelled")
        verdict = worker.wait_until_condemned(QUICK_WITHIN, WorkerReason.DEAF)
        assert (verdict.ready, verdict.consuming) == (False, False)


@pytest.mark.parametrize(
    ("world", "pool"),
    [(CELERY_5_3, "prefork"), (CELERY_5_6, "threads"), (CELERY_5_7, "solo")],
    ids=lambda value: getattr(value, "celery", value),
)
def test_a_worker_whose_connection_to_redis_is_half_open_is_condemned(
    world: World, pool: str, tmp_path: Path
) -> None:
    """Without heartbeats: one that sends them would wait for the answer to the next, and be wedged."""
    with (
        redis_server(tmp_path / "redis") as redis,
        proxy(redis.port) as network,
        watched(
            tmp_path / "worker",
            world,
            pool,
            f"redis://127.0.0.1:{network.port}/0",
            thresholds=QUICK,
            arguments=QUIET,
        ) as worker,
    ):
        worker.worker.wait_for_beats(7)
        assert worker.verdict().reason is WorkerReason.CONSUMING
        network.lose_connections()
        verdict = worker.wait_until_condemned(QUICK_WITHIN, WorkerReason.DEAF)
        assert "has owed it an answer" in verdict.message


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_a_worker_that_talks_on_a_lost_connection_to_redis_is_condemned(pool: str, tmp_path: Path) -> None:
    """Its next heartbeat, or gevent's search for messages to restore, waits for an answer for ever."""
    with (
        redis_server(tmp_path / "redis") as redis,
        proxy(redis.port) as network,
        watched(
            tmp_path / "worker",
            CELERY_5_6,
            pool,
            f"redis://127.0.0.1:{network.port}/0",
            thresholds=QUICK,
        ) as worker,
    ):
        network.lose_connections()
        verdict = worker.wait_until_condemned(QUICK_WITHIN, WorkerReason.WEDGED, WorkerReason.DEAF)
        assert not verdict.consuming
