"""Volume claims of the parts that keep something."""

from typing import Any

from celery_operator.resources.ownership import Manifest, ResourceIdentity, owned_object


def volume_claim(
    cd: ResourceIdentity,
    name: str,
    object_labels: dict[str, str],
    size: int | str,
    storage_class_name: str | None,
) -> Manifest:
    """A claim that one node at a time mounts."""
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": str(size)}},
    }
    if storage_class_name is not None:
        spec["storageClassName"] = storage_class_name
    return {**owned_object(cd, "v1", "PersistentVolumeClaim", name, object_labels), "spec": spec}
