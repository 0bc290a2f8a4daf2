"""Brokers behind TLS are checked as their URL says."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tools.testbed import certificates
from tools.testbed.certificates import POOR_AUTHORITY
from tools.testbed.servers import free_port, redis_server

from celery_health.catalogue.brokers import BrokerReason
from celery_health.urls import parse
from celery_probe.sidecar.broker.redis_handshake import RedisSession
from tests.integration.sidecar.checked import PASSWORD, checked, reached, wait_longer_for_redis


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that signs itself, for 127.0.0.1, with its key beside it in ``key.pem``."""
    directory = tmp_path_factory.mktemp("tls")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=broker",
    ]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=directory, check=True, capture_output=True, timeout=60)
    return directory / "cert.pem"


@pytest.fixture(scope="module")
def tls_port(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[int]:
    """The TLS port of a Redis with a password."""
    port = free_port()
    arguments = ["--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-auth-clients", "no"]
    arguments += [
        "--tls-key-file",
        str(certificate.with_name("key.pem")),
        "--tls-ca-cert-file",
        str(certificate),
    ]
    with redis_server(tmp_path_factory.mktemp("redis"), PASSWORD, arguments):
        yield port


@pytest.mark.parametrize(
    "query", ["ssl_ca_certs={ca}", "ssl_ca_certs={ca}&ssl_cert_reqs=required", "ssl_cert_reqs=CERT_NONE"]
)
def test_a_redis_behind_tls_is_reached_as_its_url_says(tls_port: int, certificate: Path, query: str) -> None:
    options = query.format(ca=certificate)
    assert reached(f"rediss://:{PASSWORD}@127.0.0.1:{tls_port}/0?{options}")


def test_a_redis_certificate_is_accepted_exactly_where_the_python_of_the_worker_accepts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its authority has no key usage. A kept connection is verified again when the Python is known."""
    wait_longer_for_redis(monkeypatch)
    authority = certificates.authority(tmp_path, extensions=POOR_AUTHORITY)
    server = certificates.server(tmp_path, authority)
    port = free_port()
    arguments = ["--tls-port", str(port), "--tls-auth-clients", "no"]
    arguments += ["--tls-cert-file", str(server.certificate), "--tls-key-file", str(server.key)]
    arguments += ["--tls-ca-cert-file", str(authority.certificate)]
    python: tuple[int, int] | None = None
    url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={authority.certificate}"
    session = RedisSession(parse(url), lambda: python)
    with redis_server(tmp_path / "redis", arguments=arguments), closing(session):
        for python, reachable in ((None, True), ((3, 11), True), ((3, 13), None), ((3, 12), True)):
            reading = session.check()
            assert reading.reachable is reachable, python
            assert reachable or reading.reason is BrokerReason.TLS_FAILED
            assert reachable or "that Python 3.13 and newer do not accept" in reading.message


def test_a_certificate_that_only_the_application_may_trust_is_no_proof_of_an_outage(tls_port: int) -> None:
    reading = checked(f"rediss://:{PASSWORD}@127.0.0.1:{tls_port}/0?ssl_cert_reqs=required")
    assert (reading.reason, reading.reachable) == (BrokerReason.TLS_FAILED, None)
    assert "set ssl_ca_certs or ssl_cert_reqs in the URL" in reading.message


def test_a_certificate_file_that_only_the_worker_has_is_no_proof_of_an_outage(tls_port: int) -> None:
    reading = checked(f"rediss://:{PASSWORD}@127.0.0.1:{tls_port}/0?ssl_ca_certs=/nowhere/ca.pem")
    assert (reading.reason, reading.reachable) == (BrokerReason.TLS_FAILED, None)
