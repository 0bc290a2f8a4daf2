"""Settings with which a worker ends at its start are refused, and cost a server little to find."""

import json
from pathlib import Path
from typing import cast

import pytest
import redis as redis_client
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_6
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from celery_health.survey.app_connection import resolve
from celery_health.survey.app_loading import ConfigurationError
from celery_health.survey.app_refusals import check_broker_settings, check_result_settings
from tests.integration.cli.harness import worker
from tests.integration.configurations.configured import APP, a_worker, health, log, messages

SECONDS = 30.0


def connections(redis: RedisServer) -> int:
    """Those that the server has accepted before this one."""
    with redis_client.Redis(port=redis.port) as client:
        found = cast("dict[str, int]", client.info("stats"))
    return found["total_connections_received"] - 1


async def test_settings_are_tried_once_and_again_when_they_change(redis: RedisServer) -> None:
    app = Celery("shop", broker=redis.url, backend=redis.url, set_as_current=False)
    app.conf.broker_transport_options = {"max_connections": 9}
    connection = resolve(app, "shop", None, None, {})

    async def opened() -> int:
        before = connections(redis) + 1
        await check_broker_settings(connection, SECONDS)
        await check_result_settings(connection, SECONDS)
        return connections(redis) - before

    first = await opened()
    assert first >= 2
    assert [await opened() for _ in range(3)] == [0, 0, 0]
    app.conf.broker_connection_timeout = 3
    assert await opened() == first
    # A value that is changed in its place is another one as well.
    app.conf.broker_transport_options["max_connections"] = "9"
    for _ in range(2):
        with pytest.raises(
            ConfigurationError, match="settings for its broker that Celery refuses: ValueError"
        ):
            await check_broker_settings(connection, SECONDS)
    app.close()


def test_a_serializer_that_does_not_exist_ends_the_check(redis: RedisServer) -> None:
    outcome = health({"broker_url": redis.url, "accept_content": ["nosuch"]})
    assert outcome.code == 3
    assert "No encoder/decoder installed for nosuch" in outcome.err


@pytest.mark.parametrize(
    "option",
    [
        {"visibility_timeout": "3600"},
        {"visibility_timeout": None},
        {"priority_steps": []},
    ],
)
def test_an_option_with_which_no_worker_can_compute_is_refused(
    redis: RedisServer, tmp_path: Path, option: dict[str, object]
) -> None:
    settings = {"broker_url": redis.url, "broker_transport_options": option}
    outcome = health(settings)
    assert outcome.code == 3
    assert "settings for its broker that Celery refuses: " in outcome.err
    with worker(tmp_path, CELERY_5_6, "", app=APP, TEST_SETTINGS=json.dumps(settings)) as process:
        with Celery("producer", broker=redis.url, set_as_current=False) as producer:
            producer.control.broadcast("ping")
        wait_for(lambda: process.poll() is not None, 60.0, lambda: log(tmp_path))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"worker_concurrency": "4"}, "worker_concurrency is the text '4': write a number."),
        ({"broker_pool_limit": "10"}, "broker_pool_limit is the text '10': write a number."),
        ({"worker_prefetch_multiplier": None}, "worker_prefetch_multiplier is None: write a number."),
        ({"worker_pool": "nosuch"}, "worker_pool is 'nosuch', which Celery cannot find"),
        (
            {"imports": ["json", "no_such.tasks"]},
            "imports names the module 'no_such.tasks', which cannot be found where this check runs.",
        ),
        (
            {"include": "no_such"},
            "include names the module 'no_such', which cannot be found where this check runs.",
        ),
    ],
)
def test_where_no_worker_runs_the_setting_that_ends_it_is_named(
    redis: RedisServer, tmp_path: Path, settings: dict[str, object], words: str
) -> None:
    settings = {"broker_url": redis.url, **settings}
    own = ("--concurrency", "0")  # that of the settings
    with worker(tmp_path, CELERY_5_6, "", own, app=APP, TEST_SETTINGS=json.dumps(settings)) as process:
        wait_for(lambda: process.poll() is not None, 60.0, lambda: log(tmp_path))
        assert process.returncode
    outcome = health(settings)
    assert (outcome.code, outcome.reasons) == (2, {"NoWorkers"})
    assert words in messages(outcome)
    assert outcome.document["problems"][0]["remedy"] == "Correct the setting, and start a worker."


def test_a_worker_that_runs_by_its_own_options_is_healthy(redis: RedisServer, tmp_path: Path) -> None:
    settings = {"broker_url": redis.url, "worker_prefetch_multiplier": None}
    with a_worker(tmp_path, settings, ["--prefetch-multiplier", "1"]):
        outcome = health(settings)
    assert (outcome.code, outcome.document["status"]) == (0, "healthy"), messages(outcome)
    # What a worker converts itself, and what it finds, is none of it.
    fine = {
        "worker_prefetch_multiplier": "2",
        "worker_pool": "solo",
        "imports": "json",
        "include": ["email.mime"],
    }
    stopped = health({"broker_url": redis.database(5), **fine})
    assert stopped.reasons == {"NoWorkers"}
    assert "setting" not in messages(stopped)
