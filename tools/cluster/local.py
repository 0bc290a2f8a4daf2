"""The local cluster as a whole: make it so, whatever there is now; or take it away."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tools.cluster import leftovers, versions
from tools.cluster.binaries.toolchain import ensure
from tools.cluster.errors import ClusterError, MissingToolError
from tools.cluster.images import product
from tools.cluster.images.containerd import Containerd
from tools.cluster.images.product import Built, Image
from tools.cluster.lanes import lanes
from tools.cluster.layout import Layout
from tools.cluster.machine import packages
from tools.cluster.machine.locks import exclusive
from tools.cluster.machine.processes import Supervisor
from tools.cluster.node import network
from tools.cluster.progress import say, step
from tools.cluster.starting import Starter

PROGRAMS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
    "coredns",
    "pause",
)


@dataclass(frozen=True)
class LocalCluster:
    """The cluster of one checkout."""

    layout: Layout

    @property
    def containerd(self) -> Containerd:
        """The node's image store."""
        return Containerd(self.layout.containerd_socket, self.layout.state / "images")

    @property
    def kubeconfig(self) -> Path:
        """The admin's kubeconfig."""
        return self.layout.kubeconfig

    def up(
        self, images: Sequence[Image] = (), brokers: Sequence[str] = (), programs: Sequence[str] = ()
    ) -> None:
        """Return with a Ready node, DNS, these images and brokers in the node, and these programs built.

        Starts what is not running, and afresh if that is not enough. Without `K8S_VERSION` a cluster that
        runs keeps its version; with another one it is replaced.
        """
        require_root()
        version = self._wanted_version()
        with lanes() as beside:
            wanted = {**packages.NODE, **(packages.IMAGES if images or brokers else {})}
            packaged = beside.start(lambda: packages.ensure(wanted))
            compiled = beside.start(lambda: ensure(*PROGRAMS, kubernetes=version))

            def build_programs() -> None:
                compiled.result()
                ensure(*programs, kubernetes=version)

            def build_images() -> list[Built]:
                packaged.result()
                return [*product.build(self.layout, images), *product.build_brokers(brokers)]

            also_compiled, built = beside.start(build_programs), beside.start(build_images)
            beside.join(packaged)
            self._bring_up(version, beside.join(compiled))
            for image in beside.join(built):
                product.load(self.containerd, image)
            beside.join(also_compiled)

    def _bring_up(self, version: str, binaries: dict[str, Path]) -> None:
        self._remove_orphans()
        with self._lock():
            # Processes can be started again; a lost network or another version needs a new cluster.
            if self._version() != version or network.recorded(self.layout) is None:
                leftovers.remove_all(self.layout, self._supervisor())
            existed = self.layout.state.exists()
            try:
                self._start(version, binaries)
            except ClusterError as problem:
                if not existed:
                    raise
                say(f"  what was there cannot be repaired, starting afresh: {str(problem).splitlines()[0]}")
                leftovers.remove_all(self.layout, self._supervisor())
                self._start(version, binaries)

    def down(self) -> None:
        """Leave no process, mount, namespace or file of it."""
        require_root()
        with self._lock():
            leftovers.remove_all(self.layout, self._supervisor())

    def status(self) -> dict[str, bool]:
        """Each process and whether it runs."""
        supervisor = self._supervisor()
        return {name: supervisor.running(name) for name in supervisor.names()}

    def restart(self, name: str) -> None:
        """Kill one process, as a crash would, and start it again as it was."""
        require_root()
        with self._lock():
            self._supervisor().restart(name)

    def load_archive(self, archive: Path) -> None:
        """Load any docker-archive or OCI archive into the node."""
        with step(f"load {archive}"):
            names = self.containerd.load_archive(archive)
        say("\n".join(f"  loaded {name}" for name in names))

    def _start(self, version: str, binaries: dict[str, Path]) -> None:
        self.layout.state.mkdir(mode=0o700, exist_ok=True)
        self.layout.run.mkdir(parents=True, exist_ok=True)
        addresses = network.recorded(self.layout) or network.create(self.layout)
        (self.layout.run / "checkout").write_text(str(self.layout.checkout))
        self._version_file.write_text(version + "\n")
        Starter.of(self.layout, addresses, self._supervisor(), self.containerd, binaries).start()

    def _remove_orphans(self) -> None:
        """Take away clusters whose checkout was deleted."""
        for note in self.layout.run.parent.glob("*/checkout"):
            owner = Path(note.read_text())
            if not owner.exists() and Layout(owner).run == note.parent:
                say(f"  removing the cluster of {owner}, which is gone")
                LocalCluster(Layout(owner)).down()

    @property
    def _version_file(self) -> Path:
        return self.layout.state / "version"

    def _version(self) -> str | None:
        return self._version_file.read_text().strip() if self._version_file.exists() else None

    def _wanted_version(self) -> str:
        return versions.asked_kubernetes() or self._version() or versions.DEFAULT_KUBERNETES

    def _lock(self) -> AbstractContextManager[None]:
        return exclusive(self.layout.run.with_suffix(".lock"), "this checkout's cluster")

    def _supervisor(self) -> Supervisor:
        prefix = network.enter(self.layout)
        return Supervisor(self.layout.run / "processes", self.layout.state / "log", prefix)


def require_root() -> None:
    """Namespaces, mounts and control groups are root's to make."""
    if os.geteuid() != 0:
        raise MissingToolError(
            "a node needs root: run it with `sudo -E`, or set CLUSTER=current to use the cluster of your "
            "current kube context (`kind create cluster` makes one)"
        )
