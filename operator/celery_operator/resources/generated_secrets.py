"""The Secrets that the operator fills with generated values.

Pods refer to them by name, so that no value stands in a pod template.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from celery_operator.api import names
from celery_operator.resources.ownership import (
    Manifest,
    ResourceIdentity,
    labels,
    monitor_name,
    owned_object,
    probe_secret_name,
)

PROBE_KEYS = (names.TOKEN_KEY,)
"""The token that the sidecars ask for before they take an order."""

MONITOR_KEYS = (names.TOKEN_KEY, names.PUSH_TOKEN_KEY, names.SESSION_SECRET_KEY)
"""The token of the monitor's first administrator, that of the operator's pushes, and what signs sessions."""


@dataclass(frozen=True, slots=True)
class GeneratedSecrets:
    """The values of both Secrets, by key."""

    probe: Mapping[str, str]
    monitor: Mapping[str, str]


def probe_secret(cd: ResourceIdentity, values: Mapping[str, str]) -> Manifest:
    """The Secret of the sidecars."""
    return _secret(cd, probe_secret_name(cd), labels(cd), values)


def monitor_secret(cd: ResourceIdentity, values: Mapping[str, str]) -> Manifest:
    """The Secret of the monitor."""
    return _secret(cd, monitor_name(cd), labels(cd, names.COMPONENT_MONITOR), values)


def _secret(
    cd: ResourceIdentity, name: str, object_labels: dict[str, str], values: Mapping[str, str]
) -> Manifest:
    return {
        **owned_object(cd, "v1", "Secret", name, object_labels),
        "type": "Opaque",
        "data": {key: b64encode(value.encode()).decode() for key, value in values.items()},
    }
