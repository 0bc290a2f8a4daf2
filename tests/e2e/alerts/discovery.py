"""What Prometheus finds of pods by its own discovery, which the Prometheus of the tests is built without."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.testbed.kube import Kube, Object

_PREFIX = "__meta_kubernetes_"


def write_targets(kube: Kube, namespaces: list[str], file: Path) -> Path:
    """Write each port of each pod for ``file_sd_configs``, with the labels that ``role: pod`` gives it."""
    pods = (pod for namespace in namespaces for pod in kube.list(namespace, "pods"))
    found = [target for pod in pods for target in _targets(pod)]
    part = file.with_suffix(".part")
    part.write_text(json.dumps(found))
    part.rename(file)  # Prometheus reads it when it changes
    return file


def _targets(pod: Object) -> Iterator[dict[str, Any]]:
    metadata, spec, address = pod["metadata"], pod["spec"], pod["status"].get("podIP")
    if not address:
        return
    labels = {
        f"{_PREFIX}namespace": metadata["namespace"],
        f"{_PREFIX}pod_name": metadata["name"],
        **{
            f"{_PREFIX}pod_label_{re.sub(r'[^a-zA-Z0-9_]', '_', name)}": value
            for name, value in metadata.get("labels", {}).items()
        },
    }
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        for port in container.get("ports", []):
            yield {
                "targets": [f"{address}:{port['containerPort']}"],
                "labels": {**labels, f"{_PREFIX}pod_container_port_name": port.get("name", "")},
            }
