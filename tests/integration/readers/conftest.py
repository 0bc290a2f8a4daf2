"""Servers of their own for the readers: shared where a test changes nothing for the others."""

import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tools.testbed.servers import RabbitServer, RedisServer, rabbit_server, redis_server

from celery_health.broker import BrokerReading, RedisNaming
from celery_health.readers import reader_for

Read = Callable[..., Awaitable[BrokerReading]]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    with rabbit_server(tmp_path_factory.mktemp("rabbit")) as server:
        yield server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-made certificate for localhost, with its key beside it."""
    directory = tmp_path_factory.mktemp("tls")
    request = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    files = ["-keyout", str(directory / "server.key"), "-out", str(directory / "server.crt")]
    subprocess.run(["openssl", *request.split(), *files], check=True, capture_output=True)
    return directory / "server.crt"


@pytest.fixture
async def read() -> AsyncIterator[Read]:
    """Reads once with a reader of its own."""
    async with AsyncExitStack() as stack:

        async def once(
            url: str, queues: Sequence[str] = (), naming: RedisNaming | None = None
        ) -> BrokerReading:
            reader = reader_for(url, naming)
            stack.push_async_callback(reader.close)
            return await reader.read(queues)

        yield once
