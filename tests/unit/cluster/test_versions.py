"""Which Kubernetes `K8S_VERSION` means."""

import pytest
from tools.cluster import versions
from tools.cluster.errors import ClusterError


@pytest.mark.parametrize(
    ("wanted", "release"),
    [
        ("1.34", "1.34.4"),
        ("1.30", "1.30.14"),
        ("v1.32", "1.32.13"),
        ("1.33.2", "1.33.2"),
        ("v1.34.4", "1.34.4"),
    ],
)
def test_a_minor_version_means_its_newest_known_patch_release(wanted: str, release: str) -> None:
    assert versions.kubernetes_version(wanted) == release


@pytest.mark.parametrize("wanted", ["1.29", "2.0", "latest", "1"])
def test_an_unknown_version_is_refused_with_the_list_of_known_ones(wanted: str) -> None:
    with pytest.raises(ClusterError, match=r"write one of 1\.30, 1\.31"):
        versions.kubernetes_version(wanted)


def test_nothing_is_asked_for_where_the_variable_is_absent_or_empty() -> None:
    assert versions.asked_kubernetes({}) is None
    assert versions.asked_kubernetes({"K8S_VERSION": ""}) is None
    assert versions.asked_kubernetes({"K8S_VERSION": "1.31"}) == versions.KUBERNETES["1.31"]


def test_the_staging_modules_of_a_release_carry_its_minor_and_patch() -> None:
    assert versions.staging_version("1.34.4") == "v0.34.4"


@pytest.mark.parametrize(("release", "module"), [("3.10.0", "v0.310.0"), ("3.5.3", "v0.305.3")])
def test_the_module_of_prometheus_carries_major_and_minor_in_one_number(release: str, module: str) -> None:
    assert versions.prometheus_module_version(release) == module
