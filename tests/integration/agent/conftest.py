"""One RabbitMQ for all tests of a process: it takes seconds to start."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.testbed.servers import RabbitServer, rabbit_server


@pytest.fixture(scope="session")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    """A running RabbitMQ; tests name queues of their own."""
    directory: Path = tmp_path_factory.mktemp("rabbit")
    with rabbit_server(directory) as server:
        yield server
