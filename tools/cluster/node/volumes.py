"""Volumes for claims without a storage class: folders of the node, made beforehand."""

from pathlib import Path

from tools.cluster.node.configuration import NAME

NUMBER = 64
"""A volume is used once: when its claim is gone, it keeps what was in it."""
SIZE = "16Gi"


def make_folders(root: Path) -> None:
    """The folder of each volume."""
    for name in _names():
        (root / name).mkdir(parents=True, exist_ok=True)


def manifest(root: Path) -> dict[str, object]:
    """All volumes as one List. They are of the kind `local`, whose files get the group of the pod."""
    return {"apiVersion": "v1", "kind": "List", "items": [_volume(root, name) for name in _names()]}


def _names() -> list[str]:
    return [f"volume-{number:02}" for number in range(NUMBER)]


def _volume(root: Path, name: str) -> dict[str, object]:
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NAME]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": SIZE},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "local": {"path": str(root / name)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }
