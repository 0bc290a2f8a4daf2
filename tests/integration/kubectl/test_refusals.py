"""What ``kubectl celery`` says if it cannot do what is asked."""

import re
from pathlib import Path

import pytest
import yaml

from tests.integration.kubectl.harness import Cluster, Shop


@pytest.mark.parametrize("command", ["status", "restart", "pause", "resume"])
def test_an_unknown_name_is_reported_with_the_existing_names(shop: Shop, command: str) -> None:
    outcome = shop.run(command, "shpo")

    assert outcome.code == 3
    assert outcome.err == (
        f"Error: There is no CeleryDeployment 'shpo' in namespace {shop.namespace}: there is shop.\n"
    )


def test_an_unknown_name_in_an_empty_namespace_points_to_other_namespaces(cluster: Cluster) -> None:
    outcome = cluster.plugin("status", "shop")

    assert outcome.code == 3
    assert "in namespace default: use -n NAMESPACE" in outcome.err


def test_a_cluster_without_the_operator_is_reported(bare_cluster: Cluster) -> None:
    outcome = bare_cluster.plugin("status")

    assert outcome.code == 3
    assert outcome.err.startswith(
        "Error: This cluster has no resource type CeleryDeployment: install the operator"
    )


def test_a_cluster_that_does_not_answer_is_reported(shop: Shop, tmp_path: Path) -> None:
    config = yaml.safe_load(shop.cluster.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(config))

    outcome = shop.run("status", "--kubeconfig", str(file))

    assert outcome.code == 3
    assert outcome.err.startswith("Error: The cluster does not answer: ")


def test_an_unknown_context_is_reported_in_kubectls_words(shop: Shop) -> None:
    outcome = shop.run("status", "--context", "moon")

    assert outcome.code == 3
    assert re.search(r'Error: kubectl: context "?moon"? does not exist', outcome.err)


def test_a_missing_permission_is_reported(shop: Shop, tmp_path: Path) -> None:
    config = yaml.safe_load(shop.cluster.kubeconfig.read_text())
    config["users"][0]["user"]["as"] = "visitor"
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(config))

    outcome = shop.run("pause", "shop", "--kubeconfig", str(file))

    assert outcome.code == 3
    assert (
        'You do not have the permission: celerydeployments.celery-operator.dev "shop" is forbidden'
        in outcome.err
    )
    assert 'User "visitor" cannot get resource' in outcome.err


def test_a_missing_kubectl_is_reported(shop: Shop) -> None:
    outcome = shop.run("status", KUBECTL="/nowhere/kubectl")

    assert outcome.code == 3
    assert "There is no program '/nowhere/kubectl': install kubectl, or set KUBECTL" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["status", "shop", "-A"], "NAME and -A exclude each other"),
        (["status", "-o", "wide"], "'wide' is not one of 'table', 'json', 'yaml'"),
        (["restart"], "Missing argument 'NAME'"),
        (["restart", "shop", "--timeout", "0"], "0.0 is not in the range"),
        (["stop", "shop"], "No such command 'stop'"),
    ],
)
def test_wrong_usage_exits_with_3(cluster: Cluster, arguments: list[str], words: str) -> None:
    outcome = cluster.plugin(*arguments)

    assert outcome.code == 3
    assert words in outcome.err
