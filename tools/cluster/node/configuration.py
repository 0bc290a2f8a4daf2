"""The node: containerd, kubelet and kube-proxy, with everything they write in folders of our own."""

import json
from dataclasses import dataclass
from pathlib import Path

from tools.cluster.images.system import PAUSE_IMAGE
from tools.cluster.layout import Layout
from tools.cluster.node.network import Network

NAME = "node1"
CNI_PLUGINS = Path("/usr/lib/cni")


@dataclass(frozen=True)
class Node:
    """The configuration files and command lines of one node."""

    layout: Layout
    network: Network

    @property
    def configuration(self) -> Path:
        """The folder of the configuration files."""
        return self.layout.state / "node"

    def write_configuration(self, client_authority: Path) -> None:
        """Write what containerd, CNI and kubelet read."""
        cni = self.configuration / "cni"
        cni.mkdir(parents=True, exist_ok=True)
        (cni / "10-bridge.conflist").write_text(json.dumps(self._bridge(), indent=1))
        (self.configuration / "containerd.toml").write_text(self._containerd())
        (self.configuration / "kubelet.json").write_text(
            json.dumps(self._kubelet(client_authority), indent=1)
        )
        # Nothing here resolves names outside the cluster: a wrong name fails at once instead of timing out.
        (self.configuration / "resolv.conf").write_text("nameserver 127.0.0.53\n")

    def containerd_command(self) -> list[str]:
        """containerd from the distribution."""
        return ["containerd", "-c", str(self.configuration / "containerd.toml")]

    def kubelet_command(self, binary: Path, kubeconfig: Path) -> list[str]:
        """kubelet; what the configuration file cannot say comes as flags."""
        return [
            str(binary),
            f"--config={self.configuration / 'kubelet.json'}",
            f"--kubeconfig={kubeconfig}",
            f"--root-dir={self.layout.data / 'kubelet'}",
            f"--cert-dir={self.layout.data / 'kubelet' / 'pki'}",
            f"--hostname-override={NAME}",
            f"--node-ip={self.network.node}",
        ]

    def kube_proxy_command(self, binary: Path, kubeconfig: Path) -> list[str]:
        """kube-proxy; the connection table's size is not its namespace's to set."""
        return [
            str(binary),
            f"--kubeconfig={kubeconfig}",
            f"--hostname-override={NAME}",
            f"--cluster-cidr={self.network.pods}",
            "--proxy-mode=iptables",
            "--conntrack-max-per-core=0",
        ]

    def _bridge(self) -> dict[str, object]:
        return {
            "cniVersion": "0.4.0",
            # libcni keeps its results under this name in a folder that all clusters share.
            "name": self.layout.namespace,
            "plugins": [
                {
                    "type": "bridge",
                    "bridge": "cni0",
                    "isGateway": True,
                    "ipMasq": True,
                    "hairpinMode": True,
                    "ipam": {
                        "type": "host-local",
                        "dataDir": str(self.layout.run / "addresses"),
                        "ranges": [[{"subnet": self.network.pods}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                },
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        }

    def _containerd(self) -> str:
        # restrict_oom_score_adj: where CAP_SYS_RESOURCE is missing, every sandbox fails without it.
        return f"""version = 2
root = "{self.layout.data}/containerd"
state = "{self.layout.run}/containerd"
[grpc]
  address = "{self.layout.containerd_socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{self.layout.data}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI_PLUGINS}"
    conf_dir = "{self.configuration}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
"""

    def _kubelet(self, client_authority: Path) -> dict[str, object]:
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": False},
                "x509": {"clientCAFile": str(client_authority)},
            },
            "authorization": {"mode": "AlwaysAllow"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self.layout.cgroup}",
            "clusterDNS": [self.network.dns_service],
            "clusterDomain": "cluster.local",
            "containerRuntimeEndpoint": f"unix://{self.layout.containerd_socket}",
            "resolvConf": str(self.configuration / "resolv.conf"),
            "podLogsDir": str(self.layout.data / "pod-logs"),
            "volumePluginDir": str(self.layout.data / "volume-plugins"),
            "failSwapOn": False,
            # A full disk or little memory of the machine must not evict what is under test.
            "evictionHard": {
                "memory.available": "100Mi",
                "nodefs.available": "1%",
                "imagefs.available": "1%",
            },
            "imageGCHighThresholdPercent": 100,
            "maxPods": 250,
        }
