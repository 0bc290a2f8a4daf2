"""What is built from Go modules, and how each is named there."""

from dataclasses import dataclass

from tools.cluster import versions

KUBERNETES_COMMANDS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "kubectl",
)


@dataclass(frozen=True)
class Component:
    """One program: the module at a version, and the package in it that is built."""

    name: str
    module: str
    version: str
    package: str
    ldflags: str = "-s -w"
    # Kubernetes replaces its staging modules by folders, which only its own repository has.
    staging: str | None = None
    # A module without `replace` lines can be installed as it is, with its own choice of dependencies.
    installable: bool = True
    static: bool = False


def kubernetes(name: str, version: str) -> Component:
    """One of Kubernetes' own commands; without the version flag it would call itself v0.0.0-master."""
    return Component(
        name=name,
        module="k8s.io/kubernetes",
        version=f"v{version}",
        package=f"k8s.io/kubernetes/cmd/{name}",
        ldflags=f"-s -w -X=k8s.io/component-base/version.gitVersion=v{version}",
        staging=versions.staging_version(version),
        installable=False,
    )


OTHERS = {
    "etcd": Component(
        "etcd",
        "go.etcd.io/etcd/server/v3",
        f"v{versions.ETCD}",
        "go.etcd.io/etcd/server/v3",
        installable=False,
    ),
    "helm": Component("helm", "helm.sh/helm/v3", f"v{versions.HELM}", "helm.sh/helm/v3/cmd/helm"),
    # Static, since its image holds nothing else.
    "coredns": Component(
        "coredns",
        "github.com/coredns/coredns",
        f"v{versions.COREDNS}",
        "github.com/coredns/coredns",
        static=True,
    ),
    "kwok": Component("kwok", "sigs.k8s.io/kwok", f"v{versions.KWOK}", "sigs.k8s.io/kwok/cmd/kwok"),
}


def component(name: str, kubernetes_version: str) -> Component:
    """The component of that name; KeyError for one that there is not."""
    return kubernetes(name, kubernetes_version) if name in KUBERNETES_COMMANDS else OTHERS[name]
