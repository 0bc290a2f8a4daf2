"""Generated values of Secrets, such as the token of the sidecars: read from the Secret, or made once."""

import secrets
from base64 import b64decode
from collections.abc import Mapping, Sequence

from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.kinds import SECRET, Json, Reference
from celery_operator.kube import Kube
from celery_operator.resources.generated_secrets import MONITOR_KEYS, PROBE_KEYS, GeneratedSecrets
from celery_operator.resources.ownership import (
    ResourceIdentity,
    is_owned,
    monitor_name,
    probe_secret_name,
)

VALUE_BYTES = 32


class GeneratedValues:
    """Remembers the values, so that a Secret that someone deletes comes back with those that pods know."""

    def __init__(self, uid: str, keys: Sequence[str]) -> None:
        self._uid = uid
        self._values = dict.fromkeys(keys, "")

    @property
    def known(self) -> Mapping[str, str]:
        """The values as last found or made; empty before that."""
        return self._values

    def of(self, secret: Json | None) -> Mapping[str, str]:
        """The desired values: the Secret's own, the remembered ones where it lacks them, or new ones."""
        stored = secret if secret is not None and is_owned(secret, self._uid) else {}
        self._values = {
            key: _stored(stored, key) or known or secrets.token_urlsafe(VALUE_BYTES)
            for key, known in self._values.items()
        }
        return self._values


class ResourceSecrets:
    """The owned Secrets of one CeleryDeployment. Each is read by name at every object reconcile."""

    def __init__(self, kube: Kube, identity: ResourceIdentity) -> None:
        self._kube = kube
        self._namespace = identity.namespace
        self._probe_name = probe_secret_name(identity)
        self._monitor_name = monitor_name(identity)
        self._probe = GeneratedValues(identity.uid, PROBE_KEYS)
        self._monitor = GeneratedValues(identity.uid, MONITOR_KEYS)

    @property
    def probe_token(self) -> str:
        """The token of the sidecars; empty before the first read."""
        return self._probe.known[names.TOKEN_KEY]

    @property
    def push_token(self) -> str:
        """The token of the monitor for pushes; empty before the monitor is enabled."""
        return self._monitor.known[names.PUSH_TOKEN_KEY]

    async def read(
        self, spec: CeleryDeploymentSpec
    ) -> tuple[GeneratedSecrets, Mapping[Reference, Json | None]]:
        """The desired values, and the Secrets as they are. Raises KubeError."""
        live: dict[Reference, Json | None] = {}
        probe = self._probe.of(await self._get(self._probe_name, live))
        monitor = self._monitor.known
        if spec.monitor.enabled:
            monitor = self._monitor.of(await self._get(self._monitor_name, live))
        return GeneratedSecrets(probe, monitor), live

    async def _get(self, name: str, live: dict[Reference, Json | None]) -> Json | None:
        secret = await self._kube.get(SECRET, self._namespace, name)
        live[SECRET, name] = secret
        return secret


def _stored(secret: Json, key: str) -> str:
    encoded = (secret.get("data") or {}).get(key, "")
    try:
        return b64decode(encoded, validate=True).decode("ascii").strip()
    except ValueError:
        return ""
