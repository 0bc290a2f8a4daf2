"""Manifests of several namespaces: what belongs together is in one namespace."""

from io import StringIO
from typing import Any

import yaml

from celery_kubectl.convert.application import Surroundings
from celery_kubectl.convert.conversion import Converted, convert
from celery_kubectl.convert.sources import from_files
from tests.unit.kubectl.convert.build import deployment, printed, worker

SOURCES = [{"configMapRef": {"name": "shop"}}]


def in_namespace(namespace: str, manifest: dict[str, Any]) -> dict[str, Any]:
    metadata = {**manifest["metadata"], "namespace": namespace}
    return {"apiVersion": "v1", **manifest, "metadata": metadata}


def config_map(namespace: str, **data: str) -> dict[str, Any]:
    return in_namespace(namespace, {"kind": "ConfigMap", "metadata": {"name": "shop"}, "data": data})


def converted(*manifests: dict[str, Any], targets: tuple[str, ...] = ()) -> Converted:
    text = yaml.safe_dump_all(manifests)
    return convert(from_files([StringIO(text)], [("Deployment", one) for one in targets], []))


def resources(found: Converted) -> dict[str, dict[str, Any]]:
    """The CeleryDeployments by their namespace."""
    return {one["metadata"]["namespace"]: one for one in yaml.safe_load_all(found.text)}


def test_deployments_with_one_name_are_all_converted() -> None:
    both = [in_namespace(one, worker("-Q", one)) for one in ("staging", "prod")]
    for targets in ((), ("shop-worker",)):
        found = resources(converted(*both, targets=targets))
        assert {name: one["spec"]["workers"][0]["queues"] for name, one in found.items()} == {
            "staging": ["staging"],
            "prod": ["prod"],
        }
        assert {one["metadata"]["name"] for one in found.values()} == {"shop"}


def test_scalers_and_budgets_of_another_namespace_are_not_theirs() -> None:
    others: list[dict[str, Any]] = [
        {
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "shop"},
            "spec": {"scaleTargetRef": {"name": "shop-worker"}, "maxReplicas": 9},
        },
        {
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "shop"},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "shop-worker"}}},
        },
    ]
    workers = [in_namespace(one, worker()) for one in ("staging", "prod")]
    found = resources(converted(*workers, *(in_namespace("prod", one) for one in others)))
    fields = {"autoscaling", "podDisruptionBudget"}
    assert fields <= found["prod"]["spec"]["workers"][0].keys()
    assert not fields & found["staging"]["spec"]["workers"][0].keys()


def test_each_reads_the_configuration_of_its_namespace() -> None:
    names = ("staging", "prod")
    workers = [in_namespace(one, worker(env=[], envFrom=SOURCES)) for one in names]
    maps = [config_map(one, CELERY_BROKER_URL=f"redis://{one}/0") for one in names]
    found = resources(converted(*workers, *maps))
    assert {name: one["spec"]["broker"] for name, one in found.items()} == {
        name: {"url": f"redis://{name}/0"} for name in names
    }


def test_beat_without_workers_is_left_out_of_whole_manifests() -> None:
    beat = deployment("shop-beat", "celery", "-A", "shop", "beat")
    found = converted(in_namespace("prod", worker()), in_namespace("staging", beat))
    assert "beat" not in resources(found)["prod"]["spec"]
    assert found.left_out == (
        "deployment/shop-beat runs beat, and no Deployment here runs workers of its application",
    )


def test_beat_that_spells_the_broker_in_another_way_is_that_of_the_only_workers() -> None:
    url = {"name": "CELERY_BROKER_URL", "value": "redis://redis:6379"}
    beat = in_namespace("prod", deployment("shop-beat", "celery", "-A", "shop", "beat", env=[url]))
    [resource] = yaml.safe_load_all((found := converted(in_namespace("prod", worker()), beat)).text)
    assert resource["spec"]["broker"] == {"url": "redis://redis:6379/0"}
    assert "beat" in resource["spec"]
    assert "deployment/shop-beat names its broker in another way" in " ".join(found.text.split()).replace(
        "# ", ""
    )


def test_a_group_avoids_the_name_of_a_deployment_and_no_other() -> None:
    workers = [worker("-Q", one, name=f"shop-{one}") for one in ("emails", "reports")]
    names = Surroundings(deployments=["emails", "shop-reports"])
    found = printed(*workers, surroundings=names)
    assert [one["name"] for one in found.spec["workers"]] == ["emails", "reports-workers"]
