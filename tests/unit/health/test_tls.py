"""Which certificates a context accepts, by handshakes in memory: the same on every Python."""

import ssl
from pathlib import Path

import pytest
from tools.testbed import certificates
from tools.testbed.certificates import POOR_AUTHORITY, Certificate

from celery_health.tls import client_context

PYTHONS = [None, (3, 11), (3, 12), (3, 13), (3, 14)]


@pytest.fixture
def good(tmp_path: Path) -> Certificate:
    return certificates.authority(tmp_path)


@pytest.fixture
def poor(tmp_path: Path) -> Certificate:
    return certificates.authority(tmp_path, extensions=POOR_AUTHORITY)


@pytest.fixture
def stranger(tmp_path: Path) -> Certificate:
    """An authority that signs nothing here."""
    return certificates.authority(tmp_path, "stranger")


def shake_hands(
    context: ssl.SSLContext,
    certificate: Certificate,
    name: str = "localhost",
    clients: Certificate | None = None,
) -> None:
    """A handshake with a server, which wants a client certificate of the authority ``clients``.

    Raises what either end raises.
    """
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate.certificate, certificate.key)
    if clients:
        serving.verify_mode = ssl.CERT_REQUIRED
        serving.load_verify_locations(clients.certificate)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname=name)
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    for end in (client, server, client, server):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue


def refusal(context: ssl.SSLContext, server: Certificate, name: str = "localhost") -> str:
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        shake_hands(context, server, name=name)
    return caught.value.verify_message


@pytest.mark.parametrize("python", PYTHONS)
def test_a_certificate_in_good_form_is_accepted_everywhere(
    tmp_path: Path, good: Certificate, python: tuple[int, int] | None
) -> None:
    context = client_context(ca_file=good.certificate, python=python)
    shake_hands(context, certificates.server(tmp_path, good))


@pytest.mark.parametrize("python", [None, (3, 11), (3, 12)])
def test_an_authority_without_key_usage_is_accepted_as_go_accepts_it(
    tmp_path: Path, poor: Certificate, python: tuple[int, int] | None
) -> None:
    context = client_context(ca_file=poor.certificate, python=python)
    shake_hands(context, certificates.server(tmp_path, poor))


@pytest.mark.parametrize("python", [(3, 13), (3, 14)])
def test_an_authority_without_key_usage_is_refused_in_place_of_a_worker_on_a_strict_python(
    tmp_path: Path, poor: Certificate, python: tuple[int, int]
) -> None:
    context = client_context(ca_file=poor.certificate, python=python)
    assert "key usage" in refusal(context, certificates.server(tmp_path, poor))


def test_an_authority_in_memory_is_verified_in_the_same_way(tmp_path: Path, poor: Certificate) -> None:
    context = client_context(ca_data=poor.certificate.read_text())
    shake_hands(context, certificates.server(tmp_path, poor))


@pytest.mark.parametrize(("python", "accepted"), [(None, True), ((3, 12), False), ((3, 13), True)])
def test_an_intermediate_authority_alone_is_trusted_as_go_and_newer_pythons_trust_it(
    tmp_path: Path, good: Certificate, python: tuple[int, int] | None, accepted: bool
) -> None:
    intermediate = certificates.authority(tmp_path, "intermediate", signer=good)
    context = client_context(ca_file=intermediate.certificate, python=python)
    server = certificates.server(tmp_path, intermediate)
    if accepted:
        shake_hands(context, server)
    else:
        assert "issuer certificate" in refusal(context, server)


@pytest.mark.parametrize("python", PYTHONS)
def test_what_makes_a_certificate_untrustworthy_is_refused_everywhere(
    tmp_path: Path, good: Certificate, stranger: Certificate, python: tuple[int, int] | None
) -> None:
    context = client_context(ca_file=good.certificate, python=python)
    server = certificates.server(tmp_path, good)

    assert "issuer certificate" in refusal(
        client_context(ca_file=stranger.certificate, python=python), server
    )
    assert "Hostname mismatch" in refusal(context, server, name="other.example")
    assert "expired" in refusal(context, certificates.server(tmp_path, good, days=-1))


def test_a_certificate_is_not_verified_where_that_is_switched_off(tmp_path: Path, poor: Certificate) -> None:
    context = client_context(verify_mode=ssl.CERT_NONE)
    shake_hands(context, certificates.server(tmp_path, poor, days=-1), name="other.example")


def test_a_name_is_not_verified_where_that_is_switched_off(tmp_path: Path, good: Certificate) -> None:
    context = client_context(ca_file=good.certificate, check_hostname=False)
    shake_hands(context, certificates.server(tmp_path, good), name="other.example")


@pytest.mark.parametrize("beside", [False, True])
def test_the_authorities_of_the_system_are_trusted_beside_a_named_one_only_on_request(
    tmp_path: Path, good: Certificate, stranger: Certificate, beside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = certificates.server(tmp_path, good)
    monkeypatch.setenv("SSL_CERT_FILE", str(good.certificate))
    shake_hands(client_context(), server)

    context = client_context(ca_file=stranger.certificate, system_authorities=beside)
    if beside:
        shake_hands(context, server)
    else:
        assert "issuer certificate" in refusal(context, server)


def test_a_client_certificate_is_shown_to_a_server_that_asks_for_one(
    tmp_path: Path, good: Certificate
) -> None:
    own = certificates.server(tmp_path, good)
    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        shake_hands(client_context(ca_file=good.certificate), own, clients=good)
    shake_hands(
        client_context(ca_file=good.certificate, certificate=own.certificate, key=own.key), own, clients=good
    )


def test_a_file_that_is_missing_raises_what_a_reader_reports() -> None:
    with pytest.raises(FileNotFoundError):
        client_context(ca_file="/nowhere/ca.pem")
