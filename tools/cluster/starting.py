"""Starting the parts of the local cluster, in an order in which each finds what it needs."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tools.cluster.controlplane import commands
from tools.cluster.controlplane.api import Api, wait_for_api
from tools.cluster.controlplane.commands import Ports
from tools.cluster.controlplane.kubeconfig import write_kubeconfig
from tools.cluster.controlplane.pki import KeyPair
from tools.cluster.controlplane.trust import Trust, make_trust
from tools.cluster.errors import ClusterError
from tools.cluster.images import system as system_images
from tools.cluster.images.containerd import Containerd
from tools.cluster.layout import Layout
from tools.cluster.machine.processes import Supervisor
from tools.cluster.machine.shell import run
from tools.cluster.node import cgroups, dns, volumes
from tools.cluster.node.configuration import NAME, Node
from tools.cluster.node.network import Network
from tools.cluster.progress import say, step
from tools.cluster.waiting import wait_until

PORTS = Ports()
NODE_PATH = f"/api/v1/nodes/{NAME}"
READY_SECONDS = 60.0
APPLY = ("apply", "--server-side", "-f", "-")


@dataclass(frozen=True)
class Starter:
    """What the parts share; each step leaves alone what runs already."""

    layout: Layout
    network: Network
    supervisor: Supervisor
    containerd: Containerd
    binaries: dict[str, Path]
    trust: Trust
    api: Api
    node: Node

    @classmethod
    def of(
        cls,
        layout: Layout,
        network: Network,
        supervisor: Supervisor,
        containerd: Containerd,
        binaries: dict[str, Path],
    ) -> "Starter":
        """Make the certificates and derive the rest."""
        trust = make_trust(layout.state / "pki", [network.node, network.api_service, "127.0.0.1"])
        api = Api(f"https://{network.node}:{PORTS.apiserver}", trust)
        return cls(layout, network, supervisor, containerd, binaries, trust, api, Node(layout, network))

    def start(self) -> None:
        """Return with a Ready node and DNS."""
        self._write_kubeconfig(self.layout.kubeconfig, self.trust.admin, self.layout.namespace)
        self._start_stores()
        with step("load the system images"):
            self._load_system_images()
        with step("start the control plane"):
            self._start_control_plane()
        with step("start the node"):
            self._start_node()
        with step("start DNS"):
            self._start_dns()
        self._add_volumes()

    def _start_stores(self) -> None:
        """What needs no API: its own store, and the images', which fills while the API server starts."""
        data = self.layout.state / "etcd"
        self.supervisor.ensure("etcd", commands.etcd(self.binaries["etcd"], data, PORTS))
        words = commands.apiserver(
            self.binaries["kube-apiserver"],
            self.trust,
            PORTS,
            address=self.network.node,
            service_cidr=self.network.services,
            controllers=True,
        )
        self.supervisor.ensure("kube-apiserver", words)
        self.node.write_configuration(self.trust.authority.pair.certificate)
        self.supervisor.ensure("containerd", self.node.containerd_command())

    def _load_system_images(self) -> None:
        wait_until(self.containerd.answers, seconds=READY_SECONDS, what="containerd")
        for archive, reference in (
            (system_images.pause(), system_images.PAUSE_IMAGE),
            (system_images.coredns(), system_images.COREDNS_IMAGE),
        ):
            if not self.containerd.holds(reference, archive.name):
                self.containerd.load(archive, reference, archive.name)

    def _start_control_plane(self) -> None:
        wait_for_api(self.supervisor, self.api)
        admin, manager = self.layout.kubeconfig, self.binaries["kube-controller-manager"]
        self.supervisor.ensure(
            "kube-controller-manager", commands.controller_manager(manager, self.trust, admin)
        )
        self.supervisor.ensure("kube-scheduler", commands.scheduler(self.binaries["kube-scheduler"], admin))

    def _start_node(self) -> None:
        cgroups.create(self.layout.cgroup)
        identity = self.trust.authority.issue("node", f"/O=system:nodes/CN=system:node:{NAME}")
        kubeconfig = self.node.configuration / "kubeconfig"
        self._write_kubeconfig(kubeconfig, identity, NAME)
        begun = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        kubelet = self.node.kubelet_command(self.binaries["kubelet"], kubeconfig)
        fresh = self.supervisor.ensure("kubelet", kubelet)
        proxy = self.node.kube_proxy_command(self.binaries["kube-proxy"], self.layout.kubeconfig)
        self.supervisor.ensure("kube-proxy", proxy)

        def ready() -> bool:
            if not self.supervisor.running("kubelet"):
                raise ClusterError(f"kubelet ended while starting:\n{self.supervisor.tail('kubelet')}")
            # Ready alone may be what the last kubelet wrote before it died.
            return self.api.condition(NODE_PATH, "Ready", since=begun)

        if fresh or not self.api.condition(NODE_PATH, "Ready"):
            wait_until(ready, seconds=READY_SECONDS, what="the node to be Ready")
            say(f"  node {NAME} is Ready")

    def _start_dns(self) -> None:
        if self.api.condition(dns.DEPLOYMENT_PATH, "Available"):
            return
        self._apply(dns.manifest(self.network.dns_service))
        wait_until(
            lambda: self.api.condition(dns.DEPLOYMENT_PATH, "Available"),
            seconds=READY_SECONDS,
            what="CoreDNS to be available",
        )

    def _add_volumes(self) -> None:
        root = self.layout.data / "volumes"
        volumes.make_folders(root)
        self._apply(volumes.manifest(root))

    def _apply(self, manifest: dict[str, object]) -> None:
        kubectl = [str(self.binaries["kubectl"]), "--kubeconfig", str(self.layout.kubeconfig)]
        run([*kubectl, *APPLY], stdin=json.dumps(manifest))

    def _write_kubeconfig(self, path: Path, client: KeyPair, name: str) -> None:
        authority = self.trust.authority.pair.certificate
        write_kubeconfig(path, server=self.api.url, authority=authority, client=client, name=name)
