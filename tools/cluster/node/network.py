"""The network namespace that everything of a cluster lives in, and the one route that leads to it."""

import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from tools.cluster.errors import ClusterError
from tools.cluster.layout import Layout
from tools.cluster.machine.locks import exclusive
from tools.cluster.machine.shell import run, succeeds

BLOCKS = range(200, 250)
NAMESPACES = Path("/run/netns")


@dataclass(frozen=True)
class Network:
    """The addresses of one cluster: all of 10.BLOCK.0.0/16, which nothing else on the machine uses."""

    block: int

    @property
    def whole(self) -> str:
        """What the host routes to the node: the node, its pods and its services."""
        return f"10.{self.block}.0.0/16"

    @property
    def host(self) -> str:
        """The host's end of the link."""
        return f"10.{self.block}.0.1"

    @property
    def node(self) -> str:
        """The node, where the API server listens too."""
        return f"10.{self.block}.0.2"

    @property
    def pods(self) -> str:
        """The range of pod addresses."""
        return f"10.{self.block}.64.0/18"

    @property
    def services(self) -> str:
        """The range of service addresses."""
        return f"10.{self.block}.128.0/18"

    @property
    def api_service(self) -> str:
        """The address of the `kubernetes` service: the first of the range."""
        return f"10.{self.block}.128.1"

    @property
    def dns_service(self) -> str:
        """The address of the cluster's DNS service."""
        return f"10.{self.block}.128.10"


def free_block(taken: Iterable[IPv4Network], preferred: int) -> int:
    """The first block from `preferred` on, round the range, that overlaps no network in use."""
    used = [network for network in taken if network.prefixlen > 0]
    for offset in range(len(BLOCKS)):
        block = BLOCKS[(preferred + offset) % len(BLOCKS)]
        if not any(ipaddress.ip_network(f"10.{block}.0.0/16").overlaps(network) for network in used):
            return block
    raise ClusterError(
        f"every network from 10.{BLOCKS[0]}.0.0/16 to 10.{BLOCKS[-1]}.0.0/16 is routed somewhere already; "
        "stop a cluster of another checkout with `make cluster-down` there"
    )


def recorded(layout: Layout) -> Network | None:
    """The network of this checkout's cluster if it stands complete; None otherwise."""
    try:
        block = int(json.loads((layout.run / "network.json").read_text())["block"])
    except (FileNotFoundError, ValueError, KeyError):
        return None
    network = Network(block)
    routed = succeeds(["ip", "route", "get", network.node])
    inside = succeeds(["ip", "-n", layout.namespace, "route", "get", network.host])
    linked = succeeds(["ip", "link", "show", "dev", layout.link])
    return network if routed and inside and linked else None


def create(layout: Layout) -> Network:
    """Make namespace, link and route; the caller has removed what an earlier run left."""
    with exclusive(layout.run.parent / "network.lock", "choosing addresses"):
        network = Network(free_block(_routed(), int(layout.identity, 16)))
        run(["ip", "netns", "add", layout.namespace])
        pair = ["type", "veth", "peer", "name", "eth0", "netns", layout.namespace]
        run(["ip", "link", "add", layout.link, *pair])
        run(["ip", "addr", "add", f"{network.host}/24", "dev", layout.link])
        run(["ip", "link", "set", layout.link, "up"])
        run(["ip", "route", "add", network.whole, "via", network.node, "dev", layout.link])
    inside = ["ip", "-n", layout.namespace]
    run([*inside, "addr", "add", f"{network.node}/24", "dev", "eth0"])
    run([*inside, "link", "set", "eth0", "up"])
    run([*inside, "link", "set", "lo", "up"])
    run([*inside, "route", "add", "default", "via", network.host])
    run([*enter(layout), "sysctl", "-qw", "net.ipv4.ip_forward=1"])
    (layout.run / "network.json").write_text(json.dumps({"block": network.block}))
    return network


def remove(layout: Layout) -> None:
    """Take away namespace and link; the route goes with them."""
    if succeeds(["ip", "link", "show", "dev", layout.link]):
        run(["ip", "link", "del", layout.link])
    if (NAMESPACES / layout.namespace).exists():
        run(["ip", "netns", "del", layout.namespace])


def enter(layout: Layout) -> tuple[str, ...]:
    """What to put before a command that shall run inside; `ip netns exec` would hide the cgroup mounts."""
    return ("nsenter", f"--net={NAMESPACES / layout.namespace}")


def namespace_inode(layout: Layout) -> int | None:
    """The number that the kernel knows the namespace by; None when there is none."""
    try:
        return (NAMESPACES / layout.namespace).stat().st_ino
    except FileNotFoundError:
        return None


def _routed() -> list[IPv4Network]:
    routes = json.loads(run(["ip", "-4", "-j", "route", "show", "table", "all"]))
    names = [route["dst"] for route in routes if route.get("dst", "default") != "default"]
    return [ipaddress.IPv4Network(name, strict=False) for name in names]
