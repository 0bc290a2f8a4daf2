"""Workers of one name are counted by their answers, and the collision is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.testbed.servers import rabbit_server, redis_server

from tests.integration.configurations.configured import a_worker, health, messages


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with (redis_server if request.param == "redis" else rabbit_server)(tmp_path / "broker") as server:
        yield server.url


def test_two_workers_of_one_name_both_answer(broker: str, tmp_path: Path) -> None:
    settings = {"broker_url": broker}
    name = ["-n", "worker@app"]
    with a_worker(tmp_path / "one", settings, name), a_worker(tmp_path / "two", settings, name):
        found = health(settings)
    assert (found.code, found.document["status"]) == (0, "healthy"), messages(found)
    assert found.reasons == {"NamesCollide"}
    assert "2 workers have the name worker@app" in messages(found)
    assert found.document["unresponsive_workers_count"] == 0
    (worker,) = found.document["workers"]
    assert (worker["copies"], worker["queues"]) == (2, ["celery"])
    # On RabbitMQ each command reaches one of the workers.
    assert worker["slots"] == (4 if broker.startswith("redis") else 2)
