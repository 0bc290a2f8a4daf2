"""``kubectl celery inject``: a real API server takes every output, and kustomize makes the same."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools.cluster.binaries.toolchain import ensure

from tests.integration.kubectl.harness import Cluster
from tests.unit.kubectl.inject.charts import OPTIONS, file_of

EXAMPLES = Path(__file__).parents[3] / "examples" / "kustomize"
IMAGE = "registry.example/celery-operator/probe:0.1.0"
OF_THE_TEAM = {
    "initContainers": [{"name": "wait", "image": "registry.example/shop:1.4", "command": ["true"]}],
    "volumes": [{"name": "data", "emptyDir": {}}],
}


@pytest.fixture
def nowhere(tmp_path: Path) -> Cluster:
    """The programs alone: neither inject nor kustomize asks a cluster."""
    return Cluster(ensure("kubectl")["kubectl"], tmp_path / "no-kubeconfig")


def injected(cluster: Cluster, file: Path, *options: str) -> str:
    outcome = cluster.plugin("inject", "-f", str(file), "--probe-image", IMAGE, *options)
    assert outcome.code == 0, outcome.err
    return outcome.out


@pytest.mark.parametrize("chart", OPTIONS)
def test_the_api_server_takes_the_worker_of_a_chart(chart: str, bare_cluster: Cluster) -> None:
    manifests = injected(bare_cluster, file_of(chart), *OPTIONS[chart])
    options = ["--dry-run=server", "--validate=strict", "--warnings-as-errors", "-o", "name"]
    taken = bare_cluster.run("create", "-f", "-", *options, stdin=manifests).split()
    assert len(taken) == len(list(yaml.safe_load_all(file_of(chart).read_text())))


def kustomized(cluster: Cluster, folder: Path) -> Any:
    return yaml.safe_load(cluster.run("kustomize", str(folder)))


def test_the_kustomize_component_makes_what_inject_prints(nowhere: Cluster) -> None:
    worker = EXAMPLES / "shop" / "worker.yaml"
    assert kustomized(nowhere, EXAMPLES / "shop") == yaml.safe_load(injected(nowhere, worker))


def test_the_component_leaves_what_the_team_has_in_the_pod(nowhere: Cluster, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "kustomize")
    worker = tmp_path / "kustomize" / "shop" / "worker.yaml"
    deployment = yaml.safe_load(worker.read_text())
    pod = deployment["spec"]["template"]["spec"]
    pod |= OF_THE_TEAM
    pod["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    pod["containers"].append({"name": "exporter", "image": "registry.example/exporter:1"})
    worker.write_text(yaml.safe_dump(deployment))
    expected = yaml.safe_load(injected(nowhere, worker))
    assert kustomized(nowhere, worker.parent) == expected
    assert expected["spec"]["template"]["spec"]["initContainers"][2:] == OF_THE_TEAM["initContainers"]


def test_what_inject_prints_is_read_as_it_was_meant(nowhere: Cluster, tmp_path: Path) -> None:
    """Also text that could be a number or a boolean stays text, in the YAML reader of kubectl."""
    deployment = yaml.safe_load((EXAMPLES / "shop" / "worker.yaml").read_text())
    annotations = {"a": "1e3", "b": "y", "c": "0o14", "d": "null", "e": "2026-01-01", "f": "a\nb \n"}
    deployment["metadata"]["annotations"] = annotations
    (tmp_path / "worker.yaml").write_text(yaml.safe_dump(deployment, default_style='"'))
    (tmp_path / "injected.yaml").write_text(injected(nowhere, tmp_path / "worker.yaml"))
    (tmp_path / "kustomization.yaml").write_text("resources: [injected.yaml]\n")
    assert kustomized(nowhere, tmp_path)["metadata"]["annotations"] == annotations
