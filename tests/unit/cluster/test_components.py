"""How a component is named and required."""

from tools.cluster.components import component
from tools.cluster.gomodules import staging_modules, wrapper_lines


def test_a_kubernetes_program_knows_its_own_version() -> None:
    assert "component-base/version.gitVersion=v1.30.14" in component("kubelet", "1.30.14").ldflags


def test_only_replacements_by_staging_folders_need_a_published_module() -> None:
    theirs = {
        "Replace": [
            {"Old": {"Path": "k8s.io/api"}, "New": {"Path": "./staging/src/k8s.io/api"}},
            {"Old": {"Path": "example.com/a"}, "New": {"Path": "example.com/b", "Version": "v1.0.0"}},
        ],
    }
    assert staging_modules(theirs) == ["k8s.io/api"]
    assert staging_modules({"Replace": None}) == []


def test_the_wrapper_requires_the_component_and_replaces_what_it_is_given() -> None:
    lines = wrapper_lines(component("kubelet", "1.34.4"), "1.24.0", {"k8s.io/api": "v0.34.3"})
    assert list(lines) == [
        "module localcluster",
        "go 1.24.0",
        "require k8s.io/kubernetes v1.34.4",
        "replace k8s.io/api => k8s.io/api v0.34.3",
    ]
