"""How a program is named, and what the Go module that it is built in requires."""

import dataclasses
import re

from tools.cluster.binaries import coredns
from tools.cluster.binaries.components import Component, Workspace, component
from tools.cluster.binaries.gomodules import go_mod, staging_modules
from tools.cluster.versions import DEFAULT_KUBERNETES, PROMETHEUS, prometheus_module_version


def test_a_kubernetes_program_knows_its_own_version() -> None:
    assert "component-base/version.gitVersion=v1.30.14" in component("kubelet", "1.30.14").workspace.ldflags


def test_helm_knows_the_kubernetes_version_that_its_templates_assume() -> None:
    flags = component("helm", DEFAULT_KUBERNETES).workspace.ldflags
    minor = DEFAULT_KUBERNETES.split(".")[1]
    assert "chartutil.k8sVersionMajor=1 " in flags
    assert f"chartutil.k8sVersionMinor={minor} " in flags


def test_programs_of_the_default_release_share_one_workspace() -> None:
    names = ("kubelet", "kubectl", "etcd", "helm", "coredns", "pause")
    assert len({component(name, DEFAULT_KUBERNETES).workspace.identity for name in names}) == 1


def test_another_release_of_kubernetes_builds_only_kubernetes_again() -> None:
    for name in ("etcd", "helm", "coredns", "pause"):
        assert component(name, "1.30.14") == component(name, DEFAULT_KUBERNETES)
    assert set(component("kubelet", "1.30.14").workspace.requires) == {"k8s.io/kubernetes"}


def test_a_program_is_found_under_the_name_that_go_gives_it() -> None:
    built_as = {name: component(name, DEFAULT_KUBERNETES).built_as for name in ("etcd", "helm", "coredns")}
    assert built_as == {"etcd": "server", "helm": "helm", "coredns": "coredns"}


def test_whatever_decides_what_is_built_changes_the_identity() -> None:
    one = Workspace("1.34.4", {"k8s.io/kubernetes": "v1.34.4"}, {"main.go": "package main"})
    others = [
        dataclasses.replace(one, kubernetes="1.34.3"),
        dataclasses.replace(one, requires={**one.requires, "helm.sh/helm/v3": "v3.19.5"}),
        dataclasses.replace(one, sources={"main.go": "package main // changed"}),
        dataclasses.replace(one, tags=("small",)),
    ]
    assert len({each.identity for each in (one, *others)}) == 5


def test_prometheus_shares_no_library_with_kubernetes_and_has_no_clients_of_clouds() -> None:
    promtool = component("promtool", DEFAULT_KUBERNETES)
    assert promtool == component("promtool", "1.30.14")
    assert promtool.workspace == component("prometheus", DEFAULT_KUBERNETES).workspace
    assert promtool.workspace.kubernetes is None
    assert promtool.workspace.tags == ("remove_all_sd",)
    assert list(go_mod(promtool.workspace.requires, "1.25.0", {})) == [
        "module localcluster",
        "go 1.25.0",
        f"require github.com/prometheus/prometheus {prometheus_module_version(PROMETHEUS)}",
    ]


def test_a_source_of_our_own_changes_its_program_alone() -> None:
    helm, pause = component("helm", DEFAULT_KUBERNETES), component("pause", DEFAULT_KUBERNETES)
    changed = dataclasses.replace(pause.workspace, sources={"pause/main.go": "package main // changed"})
    assert dataclasses.replace(helm, workspace=changed).identity == helm.identity
    assert dataclasses.replace(pause, workspace=changed).identity != pause.identity


def test_only_replacements_by_staging_folders_need_a_published_module() -> None:
    theirs = {
        "Replace": [
            {"Old": {"Path": "k8s.io/api"}, "New": {"Path": "./staging/src/k8s.io/api"}},
            {"Old": {"Path": "example.com/a"}, "New": {"Path": "example.com/b", "Version": "v1.0.0"}},
        ],
    }
    assert staging_modules(theirs) == ["k8s.io/api"]
    assert staging_modules({"Replace": None}) == []


def test_the_workspace_requires_its_modules_and_replaces_what_it_is_given() -> None:
    kubelet: Component = component("kubelet", "1.30.14")
    lines = go_mod(kubelet.workspace.requires, "1.24.0", {"k8s.io/api": "v0.30.13"})
    assert list(lines) == [
        "module localcluster",
        "go 1.24.0",
        "require k8s.io/kubernetes v1.30.14",
        "replace k8s.io/api => k8s.io/api v0.30.13",
    ]


def test_coredns_is_built_with_the_plugins_of_its_configuration_and_no_others() -> None:
    plugins = re.findall(r"^    (\w+)", coredns.COREFILE, re.MULTILINE)
    assert plugins == list(coredns.PLUGINS)
    assert [f'plugin/{name}"' in coredns.MAIN for name in plugins] == [True] * len(plugins)
    assert coredns.MAIN.count("/plugin/") == len(plugins)
