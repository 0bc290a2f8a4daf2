"""The command lines of the control plane: pure, from where things listen to the words to run."""

from dataclasses import dataclass
from pathlib import Path

from tools.cluster.controlplane.trust import Trust


@dataclass(frozen=True)
class Ports:
    """Where the parts of a control plane listen."""

    apiserver: int = 6443
    etcd: int = 2379
    etcd_peer: int = 2380


def etcd(binary: Path, data: Path, ports: Ports) -> list[str]:
    """One member without fsync: what it holds is thrown away with the cluster."""
    client, peer = f"http://127.0.0.1:{ports.etcd}", f"http://127.0.0.1:{ports.etcd_peer}"
    return [
        str(binary),
        f"--data-dir={data}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver(
    binary: Path, trust: Trust, ports: Ports, *, address: str, service_cidr: str, controllers: bool
) -> list[str]:
    """The API server with the admission and authorization that production has."""
    loopback = address.startswith("127.")
    return [
        str(binary),
        f"--etcd-servers=http://127.0.0.1:{ports.etcd}",
        f"--bind-address={'127.0.0.1' if loopback else '0.0.0.0'}",
        f"--advertise-address={address}",
        f"--secure-port={ports.apiserver}",
        # An Endpoints object may not hold a loopback address.
        f"--endpoint-reconciler-type={'none' if loopback else 'lease'}",
        f"--tls-cert-file={trust.server.certificate}",
        f"--tls-private-key-file={trust.server.key}",
        f"--client-ca-file={trust.authority.pair.certificate}",
        f"--service-account-key-file={trust.service_accounts.certificate}",
        f"--service-account-signing-key-file={trust.service_accounts.key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-cluster-ip-range={service_cidr}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        "--enable-admission-plugins=NodeRestriction",
        # Without controllers the default service account that this plugin asks for is never made.
        *([] if controllers else ["--disable-admission-plugins=ServiceAccount"]),
        f"--kubelet-client-certificate={trust.admin.certificate}",
        f"--kubelet-client-key={trust.admin.key}",
        # Logs and exec would else resolve the node's name, which no DNS server knows.
        "--kubelet-preferred-address-types=InternalIP",
        f"--requestheader-client-ca-file={trust.front_proxy_authority.pair.certificate}",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={trust.front_proxy.certificate}",
        f"--proxy-client-key-file={trust.front_proxy.key}",
        "--enable-aggregator-routing=true",
        "--profiling=false",
    ]


def controller_manager(binary: Path, trust: Trust, kubeconfig: Path) -> list[str]:
    """All controllers; it serves nothing itself, hence no port."""
    return [
        str(binary),
        f"--kubeconfig={kubeconfig}",
        f"--service-account-private-key-file={trust.service_accounts.key}",
        f"--root-ca-file={trust.authority.pair.certificate}",
        f"--cluster-signing-cert-file={trust.authority.pair.certificate}",
        f"--cluster-signing-key-file={trust.authority.pair.key}",
        "--use-service-account-credentials",
        "--leader-elect=false",
        "--secure-port=0",
        "--profiling=false",
    ]


def scheduler(binary: Path, kubeconfig: Path) -> list[str]:
    """The scheduler; it serves nothing itself either."""
    return [str(binary), f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0"]
