"""Result backends that are no URL or are not read: broker and workers are judged all the same."""

from collections.abc import Iterator

import pytest
from tools.testbed.servers import RedisServer, free_port, redis_server

from tests.integration.configurations.configured import a_worker, health, messages


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    home = tmp_path_factory.mktemp("worker")
    with redis_server(tmp_path_factory.mktemp("redis")) as redis, a_worker(home, {"broker_url": redis.url}):
        yield redis


@pytest.mark.parametrize(
    "backend",
    [
        "redis",
        "database",
        "mongodb",
        "s3",
        "cassandra",
        "disabled",
        "django-db",
        "celery.backends.base:DisabledBackend",
        "celery.backends.redis.RedisBackend",
        "db+oracle://shop:geheim@127.0.0.1/shop",
        "mongodb://shop:geheim@127.0.0.1/shop",
        "cache+memcached://127.0.0.1:11211/",
        "elasticsearch+https://127.0.0.1/results",
    ],
)
def test_a_backend_that_is_not_read_changes_nothing(worked: RedisServer, backend: str) -> None:
    found = health({"broker_url": worked.url, "result_backend": backend})
    assert (found.code, found.document["status"]) == (0, "healthy"), messages(found)
    assert found.document["result_backend"]["reachable"] is None


@pytest.mark.parametrize(
    ("backend", "shown", "reason"),
    [
        ("mongodb", "mongodb not checked", "mongodb cannot be read: there is no reader for this kind"),
        ("rpc://", "rpc:// not checked", "Results travel over the broker (rpc)"),
        ("disabled", "disabled not checked", "the application stores no results."),
    ],
)
def test_the_table_says_in_words_that_a_backend_is_not_read(
    worked: RedisServer, backend: str, shown: str, reason: str
) -> None:
    found = health({"broker_url": worked.url, "result_backend": backend}, "--format", "table")
    headline, why = found.out.splitlines()[:2]
    assert headline.startswith("healthy  broker redis://")
    assert f", result backend {shown}" in headline
    assert reason in why


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("reddis", "There is no result backend reddis: did you mean redis?"),
        ("postgresql://127.0.0.1/shop", "did you mean db+postgresql?"),
        ("db+postgres://127.0.0.1/shop", "did you mean db+postgresql?"),
    ],
)
def test_a_backend_that_no_worker_can_use_is_refused(worked: RedisServer, backend: str, words: str) -> None:
    found = health({"broker_url": worked.url, "result_backend": backend})
    assert found.code == 3
    assert words in found.err


def test_results_that_are_not_kept_are_not_waited_for(worked: RedisServer) -> None:
    found = health({"broker_url": worked.url, "result_backend": "disabled"}, "--test-tasks")
    assert found.code == 3
    assert "the application stores none: its result_backend is disabled" in found.err


def test_results_that_stay_in_the_process_of_the_worker_are_not_waited_for(worked: RedisServer) -> None:
    found = health({"broker_url": worked.url, "result_backend": "cache+memory://"}, "--test-tasks")
    assert found.code == 3
    assert "the result backend cache+memory:// keeps them in the process of the worker" in found.err


def test_a_dead_backend_is_named_and_gets_no_test_task(worked: RedisServer) -> None:
    dead = f"redis://127.0.0.1:{free_port()}/0"
    found = health({"broker_url": worked.url, "result_backend": dead}, "--test-tasks")
    assert (found.code, found.reasons) == (1, {"ResultBackendUnreachable"}), messages(found)
    assert found.document["test_tasks"] == []
