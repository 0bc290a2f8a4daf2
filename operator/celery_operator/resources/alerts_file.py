"""The file with the alert channels of a monitor, and the files of their secrets, as one volume.

The file is an annotation of the pod. So the operator needs no permission for ConfigMaps, and a change of the
channels replaces the monitor's pod and no other.
"""

import json
from typing import Any

from celery_operator.api import names
from celery_operator.api.monitor_alerts import MonitorAlerts

ALERTS_FOLDER = "/alerts"
ALERTS_FILE = "alerts.yaml"

Json = dict[str, Any]


def alerts_annotations(alerts: MonitorAlerts) -> dict[str, str]:
    """The file, in JSON, which is YAML too."""
    content, _ = _rendered(alerts)
    return {names.ANNOTATION_MONITOR_ALERTS: json.dumps(content, ensure_ascii=False)}


def alerts_volume(alerts: MonitorAlerts) -> Json:
    """The volume with the file and its secrets."""
    field = f"metadata.annotations['{names.ANNOTATION_MONITOR_ALERTS}']"
    file = {"path": ALERTS_FILE, "fieldRef": {"fieldPath": field}}
    _, secrets = _rendered(alerts)
    sources = [{"downwardAPI": {"items": [file]}}, *secrets]
    return {"name": "alerts", "projected": {"defaultMode": 0o440, "sources": sources}}


def _rendered(alerts: MonitorAlerts) -> tuple[Json, list[Json]]:
    """The content of the file, and its secrets. It has ``urlFile`` where the spec has ``urlFrom``."""
    secrets: list[Json] = []

    def with_files(part: Json, place: str) -> Json:
        found: Json = {}
        for field, value in part.items():
            if isinstance(value, dict) and "secretKeyRef" in value:
                name, reference = field.removesuffix("From"), value["secretKeyRef"]
                path = f"secrets/{place}-{name}"
                items = [{"key": reference["key"], "path": path}]
                secrets.append({"secret": {"name": reference["name"], "items": items}})
                found[f"{name}File"] = path
            else:
                found[field] = with_files(value, place) if isinstance(value, dict) else value
        return found

    channels = alerts.model_copy(update={"page_url": None})  # the monitor takes it as an option
    content = {group: entries for group, entries in channels.wire().items() if entries}
    for group in ("webhooks", "emails", "apprise"):
        if group in content:
            content[group] = [with_files(one, f"{group}-{one['name']}") for one in content[group]]
    return content, secrets
