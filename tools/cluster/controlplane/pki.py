"""Certificates, by the openssl program: elliptic keys, since those take milliseconds to make.

They have the extensions that kubeadm writes. `poor=True` leaves out what many real clusters' certificates
lack, and what a client that verifies X.509 strictly insists on: key usage and key identifiers.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.cluster.machine.shell import run

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
VALID_DAYS = "365"
SERVER, CLIENT = "serverAuth", "clientAuth"
KEY_USAGE = "keyUsage=critical,digitalSignature,keyEncipherment"
AUTHORITY_EXTENSIONS = (
    "basicConstraints=critical,CA:TRUE",
    f"{KEY_USAGE},keyCertSign",
    "subjectKeyIdentifier=hash",
)
POOR_AUTHORITY_EXTENSIONS = ("basicConstraints=critical,CA:TRUE", "subjectKeyIdentifier=hash")


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """A certificate authority in a folder; what it issues lies beside it."""

    folder: Path
    name: str
    poor: bool = False

    @property
    def pair(self) -> KeyPair:
        """The authority's own certificate and key."""
        return _pair(self.folder, self.name)

    def issue(
        self, name: str, subject: str, alternatives: Sequence[str] = (), *, purpose: str = CLIENT
    ) -> KeyPair:
        """A key pair signed by this authority, kept when there is one: `/O=GROUP/CN=USER`, `IP:127.0.0.1`."""
        pair = _pair(self.folder, name)
        if pair.certificate.exists():
            return pair
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            request, extensions = f"{scratch}/csr", Path(scratch) / "extensions"
            extensions.write_text("\n".join(self._extensions(alternatives, purpose)) + "\n")
            asked = ["-keyout", str(pair.key), "-out", request, "-subj", subject]
            run(["openssl", "req", *CURVE, *asked])
            signer = ["-CA", str(self.pair.certificate), "-CAkey", str(self.pair.key), "-CAcreateserial"]
            terms = ["-days", VALID_DAYS, "-extfile", str(extensions)]
            # The certificate comes last: where it exists, all of the pair does.
            run(["openssl", "x509", "-req", "-in", request, *signer, *terms, "-out", f"{scratch}/crt"])
            (Path(scratch) / "crt").rename(pair.certificate)
        return pair

    def _extensions(self, alternatives: Sequence[str], purpose: str) -> Iterator[str]:
        if alternatives:
            yield f"subjectAltName={','.join(alternatives)}"
        if not self.poor:
            yield "basicConstraints=critical,CA:FALSE"
            yield KEY_USAGE
            yield f"extendedKeyUsage={purpose}"
            yield "authorityKeyIdentifier=keyid"


def authority(folder: Path, name: str, *, poor: bool = False) -> Authority:
    """The authority of that name in the folder, made when there is none."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Authority(folder, name, poor)
    if not made.pair.certificate.exists():
        new, configuration = folder / f"{name}.new", folder / f"{name}.cnf"
        extensions = POOR_AUTHORITY_EXTENSIONS if poor else AUTHORITY_EXTENSIONS
        # A file of our own, since the machine's may name extensions of its choice.
        lines = ["[req]", "distinguished_name=name", "x509_extensions=ca", "[name]", "[ca]", *extensions]
        configuration.write_text("\n".join(lines) + "\n")
        given = ["-config", str(configuration), "-subj", f"/CN={name}", "-days", VALID_DAYS]
        run(["openssl", "req", "-x509", *CURVE, "-keyout", str(made.pair.key), "-out", str(new), *given])
        new.rename(made.pair.certificate)
    return made


def signing_key(folder: Path) -> KeyPair:
    """The key that signs service account tokens, and its public half in the certificate's place."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    pair = KeyPair(folder / "service-accounts.pub", folder / "service-accounts.key")
    if not pair.certificate.exists():
        run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", pair.key])
        new = folder / "service-accounts.new"
        run(["openssl", "ec", "-in", pair.key, "-pubout", "-out", new])
        new.rename(pair.certificate)
    return pair


def _pair(folder: Path, name: str) -> KeyPair:
    return KeyPair(folder / f"{name}.crt", folder / f"{name}.key")
