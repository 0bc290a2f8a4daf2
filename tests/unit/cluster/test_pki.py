"""The cluster's certificates have what kubeadm's have, or on demand lack what many real ones lack."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
from tools.cluster.controlplane.pki import KeyPair
from tools.cluster.controlplane.trust import Trust, make_trust
from tools.cluster.machine.shell import run


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return make_trust(tmp_path_factory.mktemp("pki"), ["127.0.0.1"])


def text(pair: KeyPair) -> str:
    return run(["openssl", "x509", "-in", pair.certificate, "-noout", "-text"])


def handshake(trust: Trust, *, strict: bool) -> None:
    """Connect to a server with the API server's certificate, with the admin's as client certificate."""
    authority = str(trust.authority.pair.certificate)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
    serving.verify_mode = ssl.CERT_REQUIRED
    serving.load_cert_chain(trust.server.certificate, trust.server.key)
    client = ssl.create_default_context(cafile=authority)
    client.load_cert_chain(trust.admin.certificate, trust.admin.key)
    for context in (serving, client):
        # Python verifies strictly by default from 3.13 on.
        context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
        if strict:
            context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    here, there = socket.socketpair()

    def serve() -> None:
        with there:
            try:
                serving.wrap_socket(there, server_side=True).close()
            except OSError:
                return  # the client reports what it refuses

    server = threading.Thread(target=serve)
    server.start()
    try:
        with here:
            client.wrap_socket(here, server_hostname="127.0.0.1").close()
    finally:
        server.join()


def test_strict_verification_accepts_them(trust: Trust) -> None:
    handshake(trust, strict=True)


def test_an_authority_may_sign_and_says_so(trust: Trust) -> None:
    shown = text(trust.authority.pair)
    assert "X509v3 Basic Constraints: critical\n                CA:TRUE" in shown
    assert "X509v3 Key Usage: critical" in shown
    assert "Digital Signature, Key Encipherment, Certificate Sign\n" in shown
    assert "X509v3 Subject Key Identifier" in shown


@pytest.mark.parametrize(
    ("name", "purpose"),
    [
        ("server", "TLS Web Server Authentication"),
        ("admin", "TLS Web Client Authentication"),
        ("front_proxy", "TLS Web Client Authentication"),
    ],
)
def test_a_certificate_is_for_one_purpose(trust: Trust, name: str, purpose: str) -> None:
    shown = text(getattr(trust, name))
    assert f"X509v3 Extended Key Usage: \n                {purpose}\n" in shown
    assert "X509v3 Key Usage: critical\n                Digital Signature, Key Encipherment\n" in shown
    assert "CA:FALSE" in shown
    assert "X509v3 Authority Key Identifier" in shown


def test_poor_certificates_are_good_enough_unless_the_verification_is_strict(tmp_path: Path) -> None:
    poor = make_trust(tmp_path, ["127.0.0.1"], poor=True)
    assert "Key Usage" not in text(poor.authority.pair) + text(poor.server)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(poor, strict=True)
    handshake(poor, strict=False)
