"""An authority without key usage: readers accept exactly what Celery's own client accepts."""

from collections.abc import Iterator
from pathlib import Path
from ssl import CERT_REQUIRED
from typing import Any

import pytest
from kombu import Connection
from kombu.exceptions import OperationalError
from tools.testbed import certificates
from tools.testbed.certificates import POOR_AUTHORITY, Certificate
from tools.testbed.servers import free_port, rabbit_server, redis_server

from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.tls import STRICT_PYTHON, THIS_PYTHON, PythonVersion


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificates.authority(tmp_path_factory.mktemp("authority"), extensions=POOR_AUTHORITY)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, authority: Certificate) -> Certificate:
    return certificates.server(tmp_path_factory.mktemp("server"), authority)


@pytest.fixture(scope="module")
def redis_url(
    tmp_path_factory: pytest.TempPathFactory, authority: Certificate, server: Certificate
) -> Iterator[str]:
    port = free_port()
    arguments = ["--tls-port", str(port), "--tls-auth-clients", "no"]
    arguments += ["--tls-cert-file", str(server.certificate), "--tls-key-file", str(server.key)]
    arguments += ["--tls-ca-cert-file", str(authority.certificate)]
    with redis_server(tmp_path_factory.mktemp("redis"), arguments=arguments):
        yield f"rediss://localhost:{port}/0?ssl_cert_reqs=required&ssl_ca_certs={authority.certificate}"


def kombu_connects(url: str, ssl: dict[str, Any] | None = None) -> bool:
    """Whether Celery's own client is let in, with one attempt. ``ssl`` is as in ``broker_use_ssl``."""
    with Connection(url, ssl=ssl, connect_timeout=5) as connection:
        try:
            connection.ensure_connection(max_retries=1, timeout=5)
        except OperationalError:
            return False
    return True


async def reachable(url: str, python: PythonVersion | None) -> bool:
    reader = reader_for(url, python=python)
    try:
        reading = await reader.read(())
    finally:
        await reader.close()
    assert reading.reason in {BrokerReason.REACHABLE, BrokerReason.TLS_FAILED}
    assert reading.reachable is not False, "a certificate alone is no proof of an outage"
    return bool(reading.reachable)


async def test_redis_is_reached_from_here_exactly_where_kombu_on_this_python_reaches_it(
    redis_url: str,
) -> None:
    accepted = kombu_connects(redis_url)
    assert accepted is (THIS_PYTHON < STRICT_PYTHON)
    assert await reachable(redis_url, THIS_PYTHON) is accepted


async def test_redis_is_reached_where_the_python_of_the_workers_is_not_known(redis_url: str) -> None:
    assert await reachable(redis_url, None)


async def test_rabbitmq_is_reached_on_every_python_as_by_kombu(
    tmp_path: Path, authority: Certificate, server: Certificate
) -> None:
    port = free_port()
    with rabbit_server(tmp_path / "rabbit") as rabbit:
        with (rabbit.directory / "rabbitmq.conf").open("a") as configuration:
            configuration.write(
                f"listeners.ssl.1 = 127.0.0.1:{port}\n"
                f"ssl_options.certfile = {server.certificate}\n"
                f"ssl_options.keyfile = {server.key}\n"
                "ssl_options.verify = verify_none\n"
            )
        rabbit.restart()
        url = f"amqps://guest:guest@localhost:{port}//"
        trust = {"ca_certs": str(authority.certificate), "cert_reqs": CERT_REQUIRED}
        assert kombu_connects(url, trust)
        assert await reachable(
            f"{url}?ssl_cert_reqs=required&ssl_ca_certs={authority.certificate}", THIS_PYTHON
        )
