"""Transports beside TCP and TLS: what workers answer proves their broker, whatever is read of it."""

from pathlib import Path

import pytest
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from celery_health.catalogue.brokers import BrokerReason
from tests.integration.cli.harness import Outcome
from tests.integration.configurations.configured import a_worker, health, messages
from tests.integration.sidecar.checked import checked, reached


def test_a_redis_on_a_unix_socket_is_read(tmp_path: Path) -> None:
    socket = tmp_path / "redis.sock"
    with redis_server(tmp_path / "redis", "hunter2", ["--unixsocket", str(socket)]):
        url = f"redis+socket://:hunter2@{socket}?virtual_host=3"
        settings = {"broker_url": url, "result_backend": url}
        with a_worker(tmp_path / "worker", settings):
            found = health(settings, "--test-tasks")
        assert reached(url)
    assert (found.code, found.document["status"]) == (0, "healthy"), messages(found)
    assert [queue["ready"] for queue in found.document["queues"]] == [0]
    assert "hunter2" not in found.out


def test_a_socket_that_is_not_mounted_here_is_unknown(tmp_path: Path) -> None:
    reading = checked(f"redis+socket://{tmp_path}/redis.sock")
    assert (reading.reachable, reading.reason) == (None, BrokerReason.UNSUPPORTED_KIND)
    assert "its socket does not exist here" in reading.message


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, object]:
    """The settings of an application whose messages are files."""
    kept = {name: tmp_path / name for name in ("data_folder_in", "data_folder_out", "control_folder")}
    for folder in kept.values():
        folder.mkdir()
    # A message to a worker is written where the worker reads.
    kept["data_folder_out"] = kept["data_folder_in"]
    options = {name: str(folder) for name, folder in kept.items()}
    return {"broker_url": "filesystem://", "broker_transport_options": options}


def test_workers_that_answer_prove_a_broker_that_is_not_read(
    folders: dict[str, object], tmp_path: Path
) -> None:
    def answered() -> Outcome | None:
        """kombu loses a message whose file is read before it is written: then the worker is asked again."""
        found = health(folders)
        return found if found.document["broker"]["reachable"] else None

    with a_worker(tmp_path / "worker", folders):
        found = wait_for(answered, 120)
    assert found.reasons == {"QueueUnknown"}, messages(found)
    assert (found.code, found.document["status"]) == (1, "unknown")
    assert found.document["broker"]["reachable"] is True
    assert "The broker carries the answers of 1 worker" in messages(found)
