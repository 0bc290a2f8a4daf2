"""The monitor's pods as the watch shows them, read into MonitorPods: pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from celery_operator.api import names
from celery_operator.kinds import Json
from celery_operator.observe.pods import container_failure
from celery_operator.snapshot import MonitorPod
from celery_operator.timing.kubelet_time import in_server_time


def monitor_pods(pods: Iterable[Json]) -> tuple[MonitorPod, ...]:
    """The monitors among these pods, without those that are being deleted or have ended."""
    return tuple(_monitors(pods))


def _monitors(pods: Iterable[Json]) -> Iterator[MonitorPod]:
    for pod in pods:
        metadata, status = pod["metadata"], pod["status"]
        if metadata["labels"].get(names.LABEL_COMPONENT) != names.COMPONENT_MONITOR:
            continue
        if "deletionTimestamp" in metadata or status.get("phase") in {"Succeeded", "Failed"}:
            continue
        conditions = {condition["type"]: condition for condition in status.get("conditions", [])}
        containers = {one["name"]: one for one in status.get("containerStatuses", [])}
        yield MonitorPod(
            name=metadata["name"],
            ready=conditions.get("Ready", {}).get("status") == "True",
            container_started_at=_started_at(containers.get(names.MONITOR_CONTAINER, {}), status),
            failure=container_failure(pod),
        )


def _started_at(container: Json, status: Json) -> datetime | None:
    running = container.get("state", {}).get("running") or {}
    started = running.get("startedAt")
    return in_server_time(started, status) if started else None
