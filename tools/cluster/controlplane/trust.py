"""The certificates of a control plane."""

from dataclasses import dataclass
from pathlib import Path

from tools.cluster.controlplane import pki
from tools.cluster.controlplane.pki import Authority, KeyPair


@dataclass(frozen=True)
class Trust:
    """The certificates that the parts know each other by."""

    authority: Authority
    front_proxy_authority: Authority
    server: KeyPair
    admin: KeyPair
    front_proxy: KeyPair
    service_accounts: KeyPair


def make_trust(folder: Path, addresses: list[str], *, poor: bool = False) -> Trust:
    """The certificates of a control plane whose API server is reached at `addresses`; kept when there.

    `poor`: without the extensions that a strict verification insists on.
    """
    authority, front = (pki.authority(folder, name, poor=poor) for name in ("ca", "front-proxy-ca"))
    service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"]
    names = [*(f"DNS:{name}" for name in service), *(f"IP:{address}" for address in addresses)]
    return Trust(
        authority=authority,
        front_proxy_authority=front,
        server=authority.issue("apiserver", "/CN=kube-apiserver", names, purpose=pki.SERVER),
        admin=authority.issue("admin", "/O=system:masters/CN=admin"),
        front_proxy=front.issue("front-proxy", "/CN=front-proxy"),
        service_accounts=pki.signing_key(folder),
    )
