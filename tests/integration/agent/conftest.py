"""One RabbitMQ for the folder: it takes seconds to start, and none that is idle runs on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.testbed.servers import RabbitServer, rabbit_server


@pytest.fixture(scope="package")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    """A running RabbitMQ; tests name queues of their own."""
    directory: Path = tmp_path_factory.mktemp("rabbit")
    with rabbit_server(directory) as server:
        yield server
