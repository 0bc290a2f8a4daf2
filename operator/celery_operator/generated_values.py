"""Generated values of Secrets, such as the token of the sidecars: read from the Secret, or made once.

Here is also which Secrets may be read at all.
"""

import asyncio
import secrets
from base64 import b64decode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Literal

from celery_health.catalogue.configuration import ConfigurationReason
from celery_health.known_secrets import remember
from celery_health.verdicts.verdict import Verdict
from celery_operator.api import names
from celery_operator.api.parts.managed_redis import ManagedRedis
from celery_operator.api.references import SecretKeyReference
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.kinds import SECRET, Json, Kind, Reference
from celery_operator.kube import Kube, KubeError, RefusedError
from celery_operator.resources.fingerprint import short_digest
from celery_operator.resources.generated_secrets import (
    FLOWER_KEYS,
    MONITOR_KEYS,
    PROBE_KEYS,
    REDIS_KEYS,
    GeneratedSecrets,
    RedisPassword,
)
from celery_operator.resources.object_faults import secret_forbidden
from celery_operator.resources.ownership import (
    ResourceIdentity,
    flower_name,
    is_owned,
    monitor_name,
    probe_secret_name,
    redis_name,
)
from celery_operator.snapshot import ConfigurationFault

VALUE_BYTES = 32

_SWITCHED_OFF = "reading Secrets is switched off (operator.readSecrets of the chart)"


class GeneratedValues:
    """Remembers the values, so that a Secret that someone deletes comes back with those that pods know."""

    def __init__(self, uid: str, keys: Sequence[str]) -> None:
        self._uid = uid
        self._values = dict.fromkeys(keys, "")
        self.is_foreign = False
        """Whether the Secret belongs to others: the values then live only as long as this process."""

    @property
    def known(self) -> Mapping[str, str]:
        """The values as last found or made; empty before that."""
        return self._values

    def of(self, secret: Json | None) -> Mapping[str, str]:
        """The desired values: the Secret's own, the remembered ones where it lacks them, or new ones."""
        self.is_foreign = secret is not None and not is_owned(secret, self._uid)
        stored = {} if secret is None or self.is_foreign else secret
        self._values = {
            key: _stored(stored, key) or known or secrets.token_urlsafe(VALUE_BYTES)
            for key, known in self._values.items()
        }
        remember(*self._values.values())
        return self._values

    def stored(self, secret: Json | None, key: str) -> str:
        """The value in the Secret itself; empty where it has none, or belongs to others."""
        return _text(secret, key) if secret is not None and is_owned(secret, self._uid) else ""


class SecretAccess:
    """``own``: only the operator's own Secrets are read, and without the permission to get Secrets."""

    def __init__(self, kube: Kube, namespace: str, access: Literal["named", "own"]) -> None:
        self._kube = kube
        self._namespace = namespace
        self._own_only = access == "own"

    async def named(self, name: str) -> Json | None:
        """A Secret that the resource names; None where there is none. Raises RefusedError where that is
        switched off.
        """
        if self._own_only:
            raise RefusedError(_SWITCHED_OFF, 403)
        return await self._kube.get(SECRET, self._namespace, name)

    async def configuration(self, kind: Kind, name: str) -> Json | None:
        """A Secret or ConfigMap that the resource names, as ``named``."""
        if kind is SECRET:
            return await self.named(name)
        return await self._kube.get(kind, self._namespace, name)

    async def own(self, name: str) -> Json | None:
        """A Secret that the operator has made; None where there is none.

        Without the permission to get Secrets it comes as the answer to a patch that changes nothing. The
        admission policy refuses that patch for a Secret of others, which then shows no owner here.
        """
        if not self._own_only:
            return await self._kube.get(SECRET, self._namespace, name)
        try:
            return await self._kube.merge(SECRET, self._namespace, name, {})
        except RefusedError:
            return {"metadata": {"name": name, "namespace": self._namespace}}
        except KubeError as error:
            if error.status == 404:
                return None
            raise


class PasswordMissingError(Exception):
    """The password of the managed Redis cannot be read; ``fault`` says what to do."""

    def __init__(self, fault: ConfigurationFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class ResourceSecrets:
    """The owned Secrets of one CeleryDeployment. Each is read by name at every object reconcile."""

    PATIENCE_SECONDS = 2.0
    """How long a value is waited for that was not read so far."""

    def __init__(self, access: SecretAccess, identity: ResourceIdentity) -> None:
        self._access = access
        self._identity = identity
        self._probe = GeneratedValues(identity.uid, PROBE_KEYS)
        self._monitor = GeneratedValues(identity.uid, MONITOR_KEYS)
        self._flower = GeneratedValues(identity.uid, FLOWER_KEYS)
        self._redis = GeneratedValues(identity.uid, REDIS_KEYS)
        self._password = RedisPassword("")
        self.faults: tuple[ConfigurationFault, ...] = ()
        """Why the last ``read`` has values of before."""
        self._has_token, self._has_password = asyncio.Event(), asyncio.Event()

    @property
    def probe_token(self) -> str:
        """The token of the sidecars; empty before the first read."""
        return self._probe.known[names.TOKEN_KEY]

    @property
    def push_token(self) -> str:
        """The token of the monitor for pushes; empty before the monitor is enabled."""
        return self._monitor.known[names.PUSH_TOKEN_KEY]

    async def known_probe_token(self) -> str:
        """The token of the sidecars; empty if it could not be read so far."""
        await self._wait_for(self._has_token)
        return self.probe_token

    async def redis_password(self) -> str:
        """The password of the managed Redis; empty if it could not be read so far."""
        await self._wait_for(self._has_password)
        return self._password.value

    async def read(
        self, spec: CeleryDeploymentSpec
    ) -> tuple[GeneratedSecrets, Mapping[Reference, Json | None]]:
        """The desired values, and the Secrets as they are.

        Raises KubeError, and PasswordMissingError where no earlier password is known either.
        """
        self.faults = ()
        live: dict[Reference, Json | None] = {}
        identity = self._identity
        probe = self._probe.of(await self._get(probe_secret_name(identity), live))
        self._has_token.set()
        monitor, flower = self._monitor.known, self._flower.known
        if spec.monitor.enabled:
            monitor = self._monitor.of(await self._get(monitor_name(identity), live))
        if spec.flower.enabled:
            flower = self._flower.of(await self._get(flower_name(identity), live))
        if spec.broker.managed is not None:
            self._password = await self._read_password(spec.broker.managed, live)
            remember(self._password.value)
            self._has_password.set()
        return GeneratedSecrets(probe, monitor, flower, self._password, self._probe.is_foreign), live

    async def _wait_for(self, read: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.PATIENCE_SECONDS):
                await read.wait()

    async def _read_password(self, redis: ManagedRedis, live: dict[Reference, Json | None]) -> RedisPassword:
        secret = await self._get(redis_name(self._identity), live)
        if redis.password_from is None:
            return RedisPassword(self._redis.of(secret)[names.PASSWORD_KEY])
        try:
            return await self._named_password(redis.password_from.secret_key_ref)
        except PasswordMissingError as missing:
            kept = self._kept_password(self._redis.stored(secret, names.PASSWORD_KEY))
            if kept is None:
                raise
            self.faults = (missing.fault,)
            return kept

    def _kept_password(self, stored: str) -> RedisPassword | None:
        """The password with which Redis and the workers go on; None where it is not known."""
        if self._password.value:
            return self._password
        if not stored or self._probe.is_foreign:
            return None
        return RedisPassword(stored, self._revision(stored))

    async def _named_password(self, reference: SecretKeyReference) -> RedisPassword:
        try:
            theirs = await self._access.named(reference.name)
        except RefusedError as error:
            raise PasswordMissingError(secret_forbidden(reference.name, error.message)) from error
        if theirs is None:
            raise self._missing(ConfigurationReason.SECRET_MISSING, reference)
        value = _text(theirs, reference.key)
        if not value:
            raise self._missing(ConfigurationReason.SECRET_KEY_MISSING, reference)
        if self._probe.is_foreign:
            return RedisPassword(value, theirs["metadata"]["resourceVersion"])
        return RedisPassword(value, self._revision(value))

    def _revision(self, password: str) -> str:
        """Of the value alone: a label on the Secret restarts no broker. The key, which only the Secret of the
        sidecars has, keeps it from helping to guess the password.
        """
        return short_digest(password, self.probe_token)

    def _missing(self, reason: ConfigurationReason, reference: SecretKeyReference) -> PasswordMissingError:
        verdict = Verdict(reason, (reference.name,), {"key": reference.key}, variant="password")
        return PasswordMissingError(ConfigurationFault.of(verdict, self._identity.namespace))

    async def _get(self, name: str, live: dict[Reference, Json | None]) -> Json | None:
        secret = await self._access.own(name)
        live[SECRET, name] = secret
        return secret


def _stored(secret: Json, key: str) -> str:
    """A generated value; empty where the Secret has something else."""
    value = _text(secret, key)
    return value if value.isascii() else ""


def _text(secret: Json, key: str) -> str:
    """The text under a key; empty where there is none."""
    encoded = (secret.get("data") or {}).get(key, "")
    try:
        return b64decode(encoded, validate=True).decode().strip()
    except ValueError:
        return ""
