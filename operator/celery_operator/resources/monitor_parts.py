"""The Service and the volume claim of the monitor."""

from celery_operator.api import names
from celery_operator.api.monitor import MonitorStorage
from celery_operator.resources.ownership import (
    Manifest,
    ResourceIdentity,
    labels,
    monitor_name,
    owned_object,
)
from celery_operator.resources.volume_claim import volume_claim

SERVICE_PORT = 80


def monitor_service(cd: ResourceIdentity) -> Manifest:
    """The Service. It also leads to a monitor that is not ready: a monitor that receives no events still has
    the history, and says what is wrong.
    """
    object_labels = labels(cd, names.COMPONENT_MONITOR)
    return {
        **owned_object(cd, "v1", "Service", monitor_name(cd), object_labels),
        "spec": {
            "selector": object_labels,
            "publishNotReadyAddresses": True,
            "ports": [{"name": "http", "port": SERVICE_PORT, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def monitor_volume_claim(cd: ResourceIdentity, storage: MonitorStorage) -> Manifest:
    """The claim. Only one pod at a time writes SQLite."""
    object_labels = labels(cd, names.COMPONENT_MONITOR)
    return volume_claim(cd, monitor_name(cd), object_labels, storage.size, storage.storage_class_name)
