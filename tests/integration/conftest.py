"""Servers that a module has for itself."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.testbed.servers import RabbitServer, RedisServer, rabbit_server, redis_server


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
