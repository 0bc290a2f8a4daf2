"""Where things lie: a cache for what can be shared, a name of its own for each checkout."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def cache_folder() -> Path:
    """The user's cache folder for this project: binaries and base images, shared by all checkouts."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "celery-operator"


@dataclass(frozen=True)
class Layout:
    """The folders and names of the cluster of one checkout."""

    checkout: Path

    @property
    def identity(self) -> str:
        """Eight characters by which this checkout's cluster differs from every other on the machine."""
        return hashlib.sha256(str(self.checkout).encode()).hexdigest()[:8]

    @property
    def state(self) -> Path:
        """Certificates, kubeconfig, configuration, logs and etcd's data; removed with the cluster."""
        return self.checkout / ".cluster"

    @property
    def kubeconfig(self) -> Path:
        """The admin's kubeconfig."""
        return self.state / "kubeconfig"

    @property
    def run(self) -> Path:
        """Process records and sockets: outside the checkout, as a socket's path may have 107 bytes only."""
        return Path("/run/celery-operator") / self.identity

    @property
    def data(self) -> Path:
        """Images and pods of the node; kubelet's sockets lie here too, hence as short."""
        return Path("/var/lib/celery-operator") / self.identity

    @property
    def containerd_socket(self) -> Path:
        """Where containerd listens."""
        return self.run / "containerd.sock"

    @property
    def namespace(self) -> str:
        """The network namespace."""
        return f"celery-{self.identity}"

    @property
    def link(self) -> str:
        """The host's end of the veth pair: at most 15 characters."""
        return f"co-{self.identity}"

    @property
    def cgroup(self) -> str:
        """The control group below which kubelet puts every pod."""
        return f"celery-operator-{self.identity}"


def this_checkout() -> Layout:
    """The layout of the checkout that this file is part of."""
    return Layout(CHECKOUT)
