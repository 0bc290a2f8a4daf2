"""Servers that are compatible with Redis lack commands or fields: what they do not say is unknown."""

from collections.abc import Iterator

import pytest
from tools.testbed.redis_proxy import Lacks, redis_without
from tools.testbed.servers import RedisServer

from celery_health.readers import reader_for
from tests.integration.cli.harness import run
from tests.integration.configurations.configured import a_worker, health, messages
from tests.integration.sidecar.checked import checked

# At a dropped CLIENT redis-py itself cannot connect, and so no worker.
DROPPED = ["ROLE", "INFO", "SETRANGE", "HLEN", "ZRANGE", "TIME", "DBSIZE", "SCAN"]
OPTIONAL = [*DROPPED, "CLIENT", "PUBLISH"]
LACKS = {
    **{f"refuses {name}": Lacks(refused=frozenset({name.encode()})) for name in OPTIONAL},
    **{f"drops at {name}": Lacks(dropped=frozenset({name.encode()})) for name in DROPPED},
    **{f"hides {name}": Lacks(hidden=frozenset({name.encode()})) for name in ("cmd", "flags", "db", "sub")},
    "always shows the same flags": Lacks(fixed=((b"flags", b"N"),)),
    "counts no receivers": Lacks(uncounted=True),
}
CASES = pytest.mark.parametrize("lacks", LACKS.values(), ids=LACKS)


@pytest.fixture(scope="module")
def worked(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The server, and an idle worker that is connected to it."""
    with a_worker(tmp_path_factory.mktemp("worker"), {"broker_url": redis.url}):
        yield redis


@CASES
def test_a_worker_that_runs_is_not_unhealthy(worked: RedisServer, lacks: Lacks) -> None:
    with redis_without(worked.port, lacks) as port:
        found = health({"broker_url": f"redis://127.0.0.1:{port}/0"})
    assert found.document["broker"]["reachable"] is True
    assert found.document["deaf_workers_count"] == 0
    # Where remote control itself does not work, nothing shows the worker.
    assert found.code == 0 or found.document["status"] == "unknown", messages(found)
    if b"PUBLISH" not in lacks.refused:
        assert [one["consuming"] for one in found.document["workers"]] == [True]


@CASES
def test_no_answer_is_no_proof_that_no_worker_runs(redis: RedisServer, lacks: Lacks) -> None:
    """Without any worker: the full evidence says so, and less evidence says that it is unknown."""
    with redis_without(redis.port, lacks) as port:
        found = run("--broker", f"redis://127.0.0.1:{port}/9", "--timeout", "30", "--format", "json")
    needed = {b"CLIENT", b"PUBLISH", b"cmd", b"flags", b"db"} & (lacks.refused | lacks.dropped | lacks.hidden)
    is_known = not (needed or lacks.fixed or lacks.uncounted)
    assert found.reasons == ({"NoWorkers"} if is_known else {"WorkersUnknown"}), messages(found)


@CASES
async def test_a_result_backend_answers_although_a_command_is_missing(
    redis: RedisServer, lacks: Lacks
) -> None:
    with redis_without(redis.port, lacks) as port:
        reader = reader_for(f"redis://127.0.0.1:{port}/0")
        reading = await reader.read(())
        await reader.close()
    assert reading.reachable is True, reading


@pytest.mark.parametrize("name", ["PING", "SETRANGE"])
def test_a_sidecar_takes_a_missing_command_for_an_answer(redis: RedisServer, name: str) -> None:
    with redis_without(redis.port, Lacks(refused=frozenset({name.encode()}))) as port:
        assert checked(f"redis://127.0.0.1:{port}/0").reachable is True


def test_a_sidecar_is_not_dropped_twice(redis: RedisServer) -> None:
    with redis_without(redis.port, Lacks(dropped=frozenset({b"SETRANGE"}))) as port:
        assert checked(f"redis://127.0.0.1:{port}/0").reachable is True
