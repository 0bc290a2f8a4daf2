"""Which version of each component is built."""

import os
import re
from collections.abc import Mapping

from tools.cluster.errors import ClusterError

KUBERNETES = {
    "1.30": "1.30.14",
    "1.31": "1.31.14",
    "1.32": "1.32.13",
    "1.33": "1.33.13",
    "1.34": "1.34.4",
}
DEFAULT_KUBERNETES = "1.34.4"
ETCD = "3.6.8"
# Helm and CoreDNS with the libraries of the same release: what they share with Kubernetes is compiled once.
HELM = "3.19.5"
COREDNS = "1.12.4"
# It evaluates the alert rules in tests, and its promtool tests each rule alone.
PROMETHEUS = "3.10.0"
UV = "0.13.8"


def kubernetes_version(wanted: str) -> str:
    """The patch release for `1.34` or `v1.34.4`; ClusterError for a version that is not built here."""
    match = re.fullmatch(r"v?(1\.\d+)(\.\d+)?", wanted)
    if match is None or match[1] not in KUBERNETES:
        known = ", ".join(KUBERNETES)
        raise ClusterError(f"K8S_VERSION={wanted} is not one that is built here; write one of {known}")
    return match[1] + match[2] if match[2] else KUBERNETES[match[1]]


def asked_kubernetes(environment: Mapping[str, str] = os.environ) -> str | None:
    """The release that `K8S_VERSION` asks for; None when it is not set."""
    wanted = environment.get("K8S_VERSION")
    return kubernetes_version(wanted) if wanted else None


def prometheus_module_version(prometheus: str) -> str:
    """The version of the Go module of a release: 3.10.0 has v0.310.0."""
    major, minor, patch = prometheus.split(".")
    return f"v0.{major}{int(minor):02}.{patch}"


def staging_version(kubernetes: str) -> str:
    """The version of the `k8s.io/*` staging modules of a release: 1.34.4 has v0.34.4."""
    return "v0" + kubernetes.removeprefix("1")
