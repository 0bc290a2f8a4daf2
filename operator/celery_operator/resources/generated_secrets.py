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
    flower_name,
    labels,
    monitor_name,
    owned_object,
    probe_secret_name,
    redis_name,
)
from celery_operator.resources.parts.redis_address import redis_secret_values

PROBE_KEYS = (names.TOKEN_KEY,)
"""The token that the sidecars ask for before they take an order."""

REDIS_KEYS = (names.PASSWORD_KEY,)
"""The password of the managed Redis."""

FLOWER_KEYS = (names.PASSWORD_KEY,)
"""The password of Flower's user admin."""

FLOWER_USER = "admin"

MONITOR_KEYS = (names.TOKEN_KEY, names.PUSH_TOKEN_KEY, names.SESSION_SECRET_KEY)
"""The token of the monitor's first administrator, that of the operator's pushes, and what signs sessions."""


@dataclass(frozen=True, slots=True)
class RedisPassword:
    """The password of the managed Redis. ``revision``: of a user's Secret; empty for a generated one."""

    value: str
    revision: str = ""


@dataclass(frozen=True, slots=True)
class GeneratedSecrets:
    """The values of the Secrets, by key; empty for a part that is not enabled.

    ``probe_is_foreign``: NAME-probe belongs to others, so that the next process has another value for it.
    """

    probe: Mapping[str, str]
    monitor: Mapping[str, str]
    flower: Mapping[str, str]
    redis: RedisPassword
    probe_is_foreign: bool = False


def probe_secret(cd: ResourceIdentity, values: Mapping[str, str]) -> Manifest:
    """The Secret of the sidecars."""
    return _secret(cd, probe_secret_name(cd), labels(cd), values)


def monitor_secret(cd: ResourceIdentity, values: Mapping[str, str]) -> Manifest:
    """The Secret of the monitor."""
    return _secret(cd, monitor_name(cd), labels(cd, names.COMPONENT_MONITOR), values)


def redis_secret(cd: ResourceIdentity, password: str) -> Manifest:
    """The Secret of the managed Redis, for its pod, for Celery and for senders of tasks."""
    values = redis_secret_values(cd, password)
    return _secret(cd, redis_name(cd), labels(cd, names.COMPONENT_REDIS), values)


def flower_secret(cd: ResourceIdentity, values: Mapping[str, str]) -> Manifest:
    """The Secret of Flower: the password for people, and the pair of user and password for Flower."""
    users = {names.BASIC_AUTH_KEY: f"{FLOWER_USER}:{values[names.PASSWORD_KEY]}"}
    return _secret(cd, flower_name(cd), labels(cd, names.COMPONENT_FLOWER), {**values, **users})


def _secret(
    cd: ResourceIdentity, name: str, object_labels: dict[str, str], values: Mapping[str, str]
) -> Manifest:
    return {
        **owned_object(cd, "v1", "Secret", name, object_labels),
        "type": "Opaque",
        "data": {key: b64encode(value.encode()).decode() for key, value in values.items()},
    }
