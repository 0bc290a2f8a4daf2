"""Values that cannot work are refused before anything is installed, in words that say what is wrong."""

import pytest

from tests.integration.chart.helm import template


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("watchNamespaces=shop", "at '/watchNamespaces': got string, want array"),
        ("watchNamespaces={Shop}", "at '/watchNamespaces/0': 'Shop' does not match pattern"),
        ("watchNamespaces={shop,shop}", "at '/watchNamespaces'"),
        ("replicas=two", "at '/replicas': got string, want integer"),
        ("replicaCount=3", "additional properties 'replicaCount' not allowed"),
        ("image.repository=shop:1.4:2", "at '/image/repository'"),
        ("image.digest=abc", "at '/image/digest': 'abc' does not match pattern"),
        ("probeImage.pullPolicy=Sometimes", "value must be one of 'Always', 'IfNotPresent', 'Never'"),
        ("operator.reportAccess=both", "value must be one of 'direct', 'proxy'"),
        ("operator.userIds=random", "value must be one of 'fixed', 'assigned'"),
        ("operator.reconcileSeconds=0", "at '/operator/reconcileSeconds': minimum: got 0, want 1"),
        ("resources.limit.memory=1Gi", "additional properties 'limit' not allowed"),
        ("serviceAccount.create=false", "name the account that exists in serviceAccount.name"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place_and_what_is_wanted(setting: str, words: str) -> None:
    refused = template("--set", setting)

    assert refused.returncode != 0
    assert words in refused.stderr


def test_a_cluster_that_is_too_old_is_refused_with_the_version_that_is_needed() -> None:
    refused = template("--kube-version", "1.29.0")

    assert "requires kubeVersion: >=1.30.0-0" in refused.stderr
