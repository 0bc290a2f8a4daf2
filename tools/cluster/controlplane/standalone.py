"""A control plane without a node: etcd, kube-apiserver and, if asked for, the controller-manager.

Any user can run it, on free loopback ports. `with ControlPlane(folder) as plane:` yields one whose API
answers; `plane.kubeconfig` is the admin's. Pods are stored there and never run.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.cluster.binaries.toolchain import ensure
from tools.cluster.controlplane import commands
from tools.cluster.controlplane.api import Api, wait_for_api
from tools.cluster.controlplane.commands import Ports
from tools.cluster.controlplane.kubeconfig import write_kubeconfig
from tools.cluster.controlplane.pki import KeyPair
from tools.cluster.controlplane.trust import Trust, make_trust
from tools.cluster.errors import ClusterError
from tools.cluster.machine.processes import Supervisor

START_ATTEMPTS = 3
SERVICE_CIDR = "10.0.0.0/24"


class ControlPlane:
    """A context manager; or call `start` and `stop`.

    The processes die with the thread that called `start`, even when that is killed: call it from the
    main thread, not from a pool. `kubernetes` picks a release, `controllers` adds the controller-manager
    (Deployments then get ReplicaSets and pods, namespaces are really emptied, owners collect garbage).
    `poor_certificates` makes certificates that a strict verification refuses, as many real clusters have.
    """

    def __init__(
        self,
        folder: Path,
        *,
        controllers: bool = False,
        kubernetes: str | None = None,
        poor_certificates: bool = False,
    ) -> None:
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self.url = ""
        self._apiserver: Sequence[str | Path] = ()
        self._controllers = controllers
        self._kubernetes = kubernetes
        self._poor_certificates = poor_certificates
        self._supervisor = Supervisor(
            folder / "processes", folder / "log", ("setpriv", "--pdeathsig", "KILL")
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def ca_certificate(self) -> Path:
        """What a client checks the API server's certificate against."""
        return self.folder / "pki" / "ca.crt"

    @property
    def admin(self) -> KeyPair:
        """The client certificate of a member of system:masters."""
        return KeyPair(self.folder / "pki" / "admin.crt", self.folder / "pki" / "admin.key")

    def start(self) -> None:
        """Return once the API server is ready; ClusterError with its last words if it does not come up."""
        names = ["etcd", "kube-apiserver", *(["kube-controller-manager"] if self._controllers else [])]
        binaries = ensure(*names, kubernetes=self._kubernetes)
        trust = self._trust()
        for attempt in range(1, START_ATTEMPTS + 1):
            try:
                self._start_once(binaries, trust)
            except ClusterError as problem:
                self.stop()
                # Between choosing a free port and listening on it, another program may take it.
                if "address already in use" not in str(problem) or attempt == START_ATTEMPTS:
                    raise
            except BaseException:
                self.stop()
                raise
            else:
                return

    def stop(self) -> None:
        """End everything that `start` started."""
        for name in ("kube-controller-manager", "kube-apiserver", "etcd"):
            # Its store is thrown away: nothing is lost by not asking for a clean end.
            self._supervisor.stop(name, grace=0)

    @contextmanager
    def api_outage(self) -> Iterator[None]:
        """The API server is away inside the block, and back with all its objects after it."""
        self._supervisor.stop("kube-apiserver")
        try:
            yield
        finally:
            self._supervisor.ensure("kube-apiserver", self._apiserver)
            wait_for_api(self._supervisor, Api(self.url, self._trust()))

    def kubeconfig_for(self, user: str, groups: tuple[str, ...] = ()) -> Path:
        """A kubeconfig for another user, who may do what RBAC grants that name or those groups."""
        authority = self._trust().authority
        subject = "".join(f"/O={group}" for group in groups) + f"/CN={user}"
        client = authority.issue(f"user-{user.replace(':', '-')}", subject)
        path = self.folder / f"kubeconfig-{user.replace(':', '-')}"
        write_kubeconfig(path, server=self.url, authority=self.ca_certificate, client=client, name=user)
        return path

    def _trust(self) -> Trust:
        return make_trust(self.folder / "pki", ["127.0.0.1"], poor=self._poor_certificates)

    def _start_once(self, binaries: dict[str, Path], trust: Trust) -> None:
        ports = free_ports()
        self.url = f"https://127.0.0.1:{ports.apiserver}"
        write_kubeconfig(
            self.kubeconfig,
            server=self.url,
            authority=self.ca_certificate,
            client=trust.admin,
            name="control-plane",
        )
        start, data = self._supervisor.ensure, self.folder / f"etcd-{ports.etcd}"
        start("etcd", commands.etcd(binaries["etcd"], data, ports))
        words = commands.apiserver(
            binaries["kube-apiserver"],
            trust,
            ports,
            address="127.0.0.1",
            service_cidr=SERVICE_CIDR,
            controllers=self._controllers,
        )
        self._apiserver = words
        start("kube-apiserver", words)
        wait_for_api(self._supervisor, Api(self.url, trust))
        if self._controllers:
            binary = binaries["kube-controller-manager"]
            start("kube-controller-manager", commands.controller_manager(binary, trust, self.kubeconfig))


def free_ports() -> Ports:
    """Ports that nothing listens on now; all are held while the next is chosen, so that they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        numbers = [one.getsockname()[1] for one in sockets]
    return Ports(*numbers)
