"""Run helm on the chart, without a cluster."""

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from tools.cluster.binaries.toolchain import ensure

Manifest = dict[str, Any]

CHART = Path(__file__).parents[3] / "charts" / "celery-operator"
RELEASE = "celery-operator"
NAMESPACE = "celery-system"


@cache
def program() -> str:
    """HELM from the environment, or the one that the local cluster uses."""
    return os.environ.get("HELM") or str(ensure("helm")["helm"])


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program(), *arguments], check=False, capture_output=True, text=True, timeout=60)


def template(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Render the chart; ``arguments`` are more flags, such as ``--set``."""
    return helm("template", RELEASE, str(CHART), "--namespace", NAMESPACE, *arguments)


def render(*settings: str) -> list[Manifest]:
    """The manifests with these ``--set`` values; AssertionError with helm's words where it refuses."""
    return rendered(NAMESPACE, *settings)


def rendered(namespace: str, *settings: str) -> list[Manifest]:
    """As ``render``, of a release in this namespace."""
    output = template(f"--namespace={namespace}", *(f"--set={setting}" for setting in settings))
    assert output.returncode == 0, output.stderr
    return [manifest for manifest in yaml.safe_load_all(output.stdout) if manifest]


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def only(manifests: list[Manifest], kind: str) -> Manifest:
    """The one manifest of a kind."""
    found = of_kind(manifests, kind)
    assert len(found) == 1, f"{len(found)} manifests of kind {kind}"
    return found[0]
