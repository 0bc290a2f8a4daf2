"""What is built from Go modules, and how each program is named there."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tools.cluster import versions
from tools.cluster.binaries import coredns

KUBERNETES_COMMANDS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "kubectl",
)
PROMETHEUS = "github.com/prometheus/prometheus"
PAUSE_SOURCE = Path(__file__).parent / "pause" / "main.go"


@dataclass(frozen=True)
class Workspace:
    """A Go module of our own that programs are built in.

    The programs of one workspace use the same version of every package, so a package that several of them
    import is compiled once.
    """

    kubernetes: str | None
    """The release of Kubernetes, whose libraries all programs use. None: no program is a part of it."""
    requires: Mapping[str, str]
    """The modules that the programs come from, with their versions."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """The main packages of our own: the content by the path of each file."""
    tags: tuple[str, ...] = ()
    """The build tags, which leave out parts of a program."""

    @property
    def ldflags(self) -> str:
        """The versions that programs would not know of; each applies only where its package is linked."""
        if self.kubernetes is None:
            return "-s -w"
        major, minor, _ = self.kubernetes.split(".")
        values = {
            # Without it Kubernetes calls itself v0.0.0-master.
            "k8s.io/component-base/version.gitVersion": f"v{self.kubernetes}",
            # Without them `helm template` assumes Kubernetes 1.20.
            "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor": major,
            "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor": minor,
            "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor": major,
            "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor": minor,
            "helm.sh/helm/v3/internal/version.version": f"v{versions.HELM}",
        }
        return " ".join(["-s -w", *(f"-X={name}={value}" for name, value in values.items())])

    @cached_property
    def identity(self) -> str:
        """Twelve characters that change with whatever decides what the programs of this module are."""
        return _digest(self.ldflags, sorted(self.requires.items()), sorted(self.sources.items()), *self.tags)


@dataclass(frozen=True)
class Component:
    """One program: its version and the package that is its main package in the workspace."""

    name: str
    version: str
    package: str
    workspace: Workspace

    @cached_property
    def identity(self) -> str:
        """Twelve characters that change with whatever decides what this program is."""
        one = self.workspace
        own = one.sources.get(f"{self.package.removeprefix('./')}/main.go")
        return _digest(one.ldflags, sorted(one.requires.items()), self.package, own, *one.tags)

    @property
    def built_as(self) -> str:
        """What `go build` calls the program: the last part of the package's path without a major version."""
        parts = [part for part in self.package.split("/") if part != "v3"]
        return parts[-1]


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def component(name: str, kubernetes: str) -> Component:
    """The component of that name; KeyError for an unknown one.

    Only Kubernetes' own commands depend on the asked release: everything else is built once, together with
    the default release.
    """
    if name in KUBERNETES_COMMANDS:
        package = f"k8s.io/kubernetes/cmd/{name}"
        return Component(name, f"v{kubernetes}", package, _workspace(kubernetes))
    if name in ("prometheus", "promtool"):
        package = f"{PROMETHEUS}/cmd/{name}"
        return Component(name, f"v{versions.PROMETHEUS}", package, _prometheus())
    version, package = {
        "etcd": (f"v{versions.ETCD}", "go.etcd.io/etcd/server/v3"),
        "helm": (f"v{versions.HELM}", "helm.sh/helm/v3/cmd/helm"),
        "coredns": (f"v{versions.COREDNS}", "./coredns"),
        "pause": ("v1", "./pause"),
    }[name]
    return Component(name, version, package, _workspace(versions.DEFAULT_KUBERNETES))


def _workspace(kubernetes: str) -> Workspace:
    requires = {"k8s.io/kubernetes": f"v{kubernetes}"}
    if kubernetes != versions.DEFAULT_KUBERNETES:
        return Workspace(kubernetes, requires)
    others = {
        "go.etcd.io/etcd/server/v3": f"v{versions.ETCD}",
        "helm.sh/helm/v3": f"v{versions.HELM}",
        "github.com/coredns/coredns": f"v{versions.COREDNS}",
    }
    sources = {"coredns/main.go": coredns.MAIN, "pause/main.go": PAUSE_SOURCE.read_text()}
    return Workspace(kubernetes, {**requires, **others}, sources)


def _prometheus() -> Workspace:
    """A workspace of its own: its libraries are newer than those of Kubernetes.

    The tag leaves out the clients of every cloud, which find what to scrape there.
    """
    requires = {PROMETHEUS: versions.prometheus_module_version(versions.PROMETHEUS)}
    return Workspace(None, requires, tags=("remove_all_sd",))
