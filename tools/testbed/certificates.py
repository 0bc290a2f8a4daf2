"""Certificates for test servers: in good form, or in the poor form that many real authorities have."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

GOOD_AUTHORITY = """\
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyEncipherment, keyCertSign
subjectKeyIdentifier = hash
"""
POOR_AUTHORITY = "basicConstraints = critical, CA:TRUE\n"
"""Without key usage: what ``VERIFY_X509_STRICT`` refuses and Go accepts."""

_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


@dataclass(frozen=True)
class Certificate:
    """A certificate and its private key."""

    certificate: Path
    key: Path


def authority(
    folder: Path, name: str = "ca", *, extensions: str = GOOD_AUTHORITY, signer: Certificate | None = None
) -> Certificate:
    """An authority: a root, or an intermediate where another one signs it."""
    return _signed(folder, name, extensions, signer)


def server(
    folder: Path, signer: Certificate, alternatives: str = "DNS:localhost,IP:127.0.0.1", *, days: int = 2
) -> Certificate:
    """A server's certificate; one of -1 days expired yesterday."""
    extensions = f"subjectAltName = {alternatives}\nauthorityKeyIdentifier = keyid\n"
    return _signed(folder, "server", extensions, signer, days)


def client(folder: Path, signer: Certificate, name: str) -> Certificate:
    """A client's certificate, whose common name is its user."""
    return _signed(folder, name, "extendedKeyUsage = clientAuth\nauthorityKeyIdentifier = keyid\n", signer)


def _signed(
    folder: Path, name: str, extensions: str, signer: Certificate | None, days: int = 2
) -> Certificate:
    made = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    with tempfile.TemporaryDirectory() as scratch:
        # Without a section for extensions, or openssl would add its own.
        config, request, section = (Path(scratch) / part for part in ("config", "request", "extensions"))
        config.write_text("[req]\ndistinguished_name = subject\n[subject]\n")
        section.write_text(extensions)
        new = ["-new", *_NEW_KEY, "-config", str(config), "-subj", f"/CN={name}"]
        _openssl("req", *new, "-keyout", str(made.key), "-out", str(request))
        by = ["-signkey", str(made.key)]
        if signer:
            by = ["-CA", str(signer.certificate), "-CAkey", str(signer.key), "-CAcreateserial"]
        terms = ["-days", str(days), "-extfile", str(section)]
        _openssl("x509", "-req", "-in", str(request), *by, *terms, "-out", str(made.certificate))
    return made


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
