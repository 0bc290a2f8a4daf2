"""``kubectl celery convert`` reads Deployments and what surrounds them from a real API server."""

from typing import Any

import pytest
import yaml
from tools.testbed.waiting import wait_for

from tests.integration.kubectl.harness import Cluster, Shop

SCALED_OBJECTS = "scaledobjects.keda.sh"


def deployment(name: str, *command: str, **container: Any) -> dict[str, Any]:
    labels = {"app": name}
    whole = {"name": "celery", "image": "shop:1", "command": list(command), **container}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [whole]}},
        },
    }


def worker(name: str = "shop-worker", **container: Any) -> dict[str, Any]:
    return deployment(name, "celery", "-A", "shop", "worker", "-Q", "mail", "-c", "2", **container)


def named(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **fields}


def apply(shop: Shop, *manifests: dict[str, Any]) -> None:
    for manifest in manifests:
        shop.cluster.apply({**manifest, "metadata": {**manifest["metadata"], "namespace": shop.namespace}})


@pytest.fixture
def keda(cluster: Cluster) -> None:
    """The type ScaledObject, with any fields."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "ScaledObject", "plural": "scaledobjects", "singular": "scaledobject"}
    cluster.apply(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": SCALED_OBJECTS},
            "spec": {"group": "keda.sh", "scope": "Namespaced", "names": names, "versions": [version]},
        }
    )
    wait_for(lambda: SCALED_OBJECTS in cluster.run("api-resources", "--api-group=keda.sh", "-o", "name"), 60)


def scaled_object(name: str, target: str) -> dict[str, Any]:
    trigger = {"type": "redis", "metadata": {"listName": "mail", "listLength": "8"}}
    spec = {"scaleTargetRef": {"name": target}, "maxReplicaCount": 7, "triggers": [trigger]}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": name},
        "spec": spec,
    }


def test_what_is_printed_can_be_applied(empty: Shop) -> None:
    apply(
        empty,
        worker(envFrom=[{"configMapRef": {"name": "shop"}}, {"secretRef": {"name": "shop"}}]),
        deployment("shop-beat", "celery", "-A", "shop", "beat"),
        named("ConfigMap", "shop", data={"CELERY_BROKER_URL": "redis://ignored:6379/0"}),
        named("Secret", "shop", stringData={"CELERY_BROKER_URL": "redis://:hidden@redis:6379/0"}),
    )
    converted = empty.run("convert", "deployment/shop-worker", "deploy/shop-beat")
    assert converted.code == 0, converted.err
    assert "hidden" not in converted.out

    empty.cluster.run("apply", "-f", "-", stdin=converted.out)
    spec = empty.resource()["spec"]
    assert spec["broker"] == {"urlFrom": {"secretKeyRef": {"name": "shop", "key": "CELERY_BROKER_URL"}}}
    assert [(group["queues"], group["concurrency"], group["replicas"]) for group in spec["workers"]] == [
        (["mail"], 2, 2)
    ]
    assert spec["beat"]["enabled"] is False


def test_what_the_api_server_fills_in_is_left_out(empty: Shop) -> None:
    apply(empty, worker(env=[{"name": "CELERY_BROKER_URL", "value": "redis://redis:6379/0"}]))
    printed = yaml.safe_load(empty.run("convert", "deployment/shop-worker").out)
    assert printed["metadata"] == {"name": "shop", "namespace": empty.namespace}
    assert printed["spec"] == {
        "app": "shop",
        "image": "shop:1",
        "broker": {"url": "redis://redis:6379/0"},
        "workers": [
            {"name": "mail", "queues": ["mail"], "concurrency": 2, "replicas": 2, "logLevel": "WARNING"}
        ],
    }


@pytest.mark.usefixtures("keda")
def test_scaled_objects_and_budgets_are_found_by_what_they_select(empty: Shop) -> None:
    selector = {"matchLabels": {"app": "shop-worker"}}
    apply(
        empty,
        worker(),
        scaled_object("scaling", "shop-worker"),
        scaled_object("another", "shop-web"),
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "shop"},
            "spec": {"minAvailable": "50%", "selector": selector},
        },
    )
    for arguments in ([], ["--scaledobject", "scaling"]):
        printed = empty.run("convert", "shop-worker", *arguments)
        [group] = yaml.safe_load(printed.out)["spec"]["workers"]
        assert group["autoscaling"] == {"minReplicas": 0, "maxReplicas": 7, "targetPerSlot": 4}
        assert group["podDisruptionBudget"] == {"minAvailable": "50%"}

    missing = empty.run("convert", "shop-worker", "--scaledobject", "scalling")
    assert missing.code == 3
    assert f"There is no scaledobject/scalling in namespace {empty.namespace}" in missing.err
    assert "scaledobject/another" in missing.err


def test_a_scaled_object_on_a_cluster_without_keda_is_refused(bare_cluster: Cluster) -> None:
    shop = Shop(bare_cluster, "default")
    apply(shop, worker())
    refused = shop.run("convert", "shop-worker", "--scaledobject", "scaling")
    assert refused.code == 3
    assert refused.err.startswith(
        "Error: This cluster has no ScaledObjects: leave out scaling, or use --context"
    )


def test_an_unknown_name_is_reported_with_the_existing_names(empty: Shop) -> None:
    apply(empty, worker())
    refused = empty.run("convert", "deployment/shop")
    assert refused.code == 3
    place = f"namespace {empty.namespace}"
    assert refused.err == f"Error: There is no deployment/shop in {place}: there is deployment/shop-worker.\n"


def test_a_group_is_not_named_like_a_deployment_that_exists(empty: Shop) -> None:
    apply(empty, worker(), deployment("shop-mail", "gunicorn", "shop"))
    printed = yaml.safe_load(empty.run("convert", "shop-worker").out)
    assert [group["name"] for group in printed["spec"]["workers"]] == ["mail-workers"]


def test_what_may_not_be_read_is_a_comment(empty: Shop) -> None:
    apply(empty, worker(envFrom=[{"secretRef": {"name": "shop"}}]), named("Secret", "shop"))
    empty.cluster.run(
        "create", "role", "reader", "-n", empty.namespace, "--verb=get", "--resource=deployments.apps"
    )
    empty.cluster.run(
        "create", "rolebinding", "reader", "-n", empty.namespace, "--role=reader", "--user=visitor"
    )
    config = yaml.safe_load(empty.cluster.kubeconfig.read_text())
    config["users"][0]["user"]["as"] = "visitor"
    file = empty.cluster.kubeconfig.with_name(f"{empty.namespace}.visitor")
    file.write_text(yaml.safe_dump(config))

    printed = empty.run("convert", "shop-worker", "--kubeconfig", str(file))
    assert printed.code == 0, printed.err
    comments = " ".join(line.strip().lstrip("# ") for line in printed.out.splitlines())
    assert "poddisruptionbudgets.policy were not read, so they are not carried over" in comments
    assert "it may be in Secret shop, which was not read" in comments


def test_manifests_need_no_cluster(cluster: Cluster) -> None:
    outcome = cluster.plugin("convert", "-f", "missing.yaml", KUBECTL="/nowhere/kubectl")
    assert outcome.code == 3
    assert outcome.err.startswith("Error: There is no file missing.yaml")
