"""Applies the owned objects of one CeleryDeployment, and writes nothing where they match already."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from celery_operator.backoff import Backoff
from celery_operator.cache import Cache, Key
from celery_operator.kinds import KEPT_KINDS, OWNED_KINDS, Json, Kind, Reference
from celery_operator.kube import Kube, KubeError, RefusedError
from celery_operator.resources.fingerprint import digest, fingerprint
from celery_operator.resources.object_faults import name_taken, refused
from celery_operator.resources.ownership import may_delete, may_keep
from celery_operator.snapshot import ConfigurationFault

_KINDS = {(kind.api_version, kind.kind): kind for kind in (*OWNED_KINDS, *KEPT_KINDS)}


@dataclass(frozen=True, slots=True)
class DesiredObject:
    """An owned object as it should be, hashed once for the many times that it is compared.

    ``withheld``: why it is not applied. What exists of it stays as it is.
    """

    kind: Kind
    name: str
    body: Json
    digest: str
    withheld: ConfigurationFault | None = None

    @classmethod
    def of(cls, body: Json, withheld: ConfigurationFault | None = None) -> "DesiredObject":
        """The object of this manifest."""
        kind = _KINDS[(body["apiVersion"], body["kind"])]
        return cls(kind, body["metadata"]["name"], body, digest(body), withheld)

    @property
    def reference(self) -> Reference:
        """Kind and name, which identify the object in its namespace."""
        return self.kind, self.name


@dataclass(slots=True)
class _Applied:
    """What we asked for, and what the server made of it."""

    digest: str
    fingerprint: str
    version: str


@dataclass(frozen=True, slots=True)
class _Refusal:
    digest: str
    fault: ConfigurationFault
    retry_at: float
    failures: int


class OwnedObjects:
    """The memory of what was applied lives as long as the process. A new process applies each object once
    more, which changes nothing where nothing changed.
    """

    REFUSED = Backoff(first=5.0, limit=60.0)
    """Between two attempts to apply an object that the API server refused."""

    def __init__(
        self, kube: Kube, cache: Cache, owner: Key, uid: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kube = kube
        self._cache = cache
        self._owner = owner
        self._uid = uid
        self._clock = clock
        self._applied: dict[Reference, _Applied] = {}
        self._refusals: dict[Reference, _Refusal] = {}
        self.refused: frozenset[Reference] = frozenset()
        """What the last ``apply`` could not write: the API server refused it, or its name is taken."""

    async def apply(
        self, desired: Sequence[DesiredObject], kept: Mapping[Reference, Json | None]
    ) -> tuple[ConfigurationFault, ...]:
        """Apply what differs and delete all other owned objects. Returns the faults of objects that cannot be
        applied.

        ``kept`` are objects of the kept kinds as they were just now: no watch brings them. Others of these
        kinds are read here. An object that cannot be applied or deleted does not hold up the others. Raises
        the first KubeError that may not happen again.
        """
        faults: list[ConfigurationFault] = []
        errors: list[KubeError] = []
        not_written: set[Reference] = set()
        for one in desired:
            if one.withheld:
                faults.append(one.withheld)
                continue
            try:
                live = await self._live(one, kept)
                fault = await self._apply_one(one, live)
            except KubeError as error:
                errors.append(error)
            else:
                if fault is not None:
                    faults.append(fault)
                    not_written.add(one.reference)
        self.refused = frozenset(not_written)
        errors += await self._delete_others({one.reference for one in desired})
        if errors:
            raise errors[0]
        return tuple(faults)

    async def _live(self, desired: DesiredObject, kept: Mapping[Reference, Json | None]) -> Json | None:
        if desired.reference in kept:
            return kept[desired.reference]
        live = None
        if desired.kind in OWNED_KINDS:
            live = self._cache.get(desired.kind, Key(self._owner.namespace, desired.name))
        if live is None:
            # It may be there all the same: without our labels the watch does not show it.
            live = await self._kube.get(desired.kind, self._owner.namespace, desired.name)
        return live

    async def _apply_one(self, desired: DesiredObject, live: Json | None) -> ConfigurationFault | None:
        if live is not None:
            if not may_keep(live, desired.body, self._uid):
                return name_taken(desired.kind.kind, live, self._owner.name)
            if "deletionTimestamp" in live["metadata"] or self._is_unchanged(desired, live):
                return None
        refusal = self._refusals.get(desired.reference)
        if refusal and refusal.digest == desired.digest and self._clock() < refusal.retry_at:
            return refusal.fault
        try:
            applied = await self._kube.apply(desired.kind, desired.body)
        except RefusedError as error:
            return self._remember_refusal(desired, error)
        self._refusals.pop(desired.reference, None)
        version = applied["metadata"]["resourceVersion"]
        self._applied[desired.reference] = _Applied(desired.digest, fingerprint(applied), version)
        if desired.kind in OWNED_KINDS:
            self._cache.put(desired.kind, applied, watched=False)
        return None

    def _is_unchanged(self, desired: DesiredObject, live: Json) -> bool:
        applied = self._applied.get(desired.reference)
        if applied is None or applied.digest != desired.digest:
            return False
        version = live["metadata"]["resourceVersion"]
        if version != applied.version:
            if fingerprint(live) != applied.fingerprint:
                return False
            applied.version = version
        return True

    def _remember_refusal(self, desired: DesiredObject, error: KubeError) -> ConfigurationFault:
        """The same object is refused again unless a policy or a quota changes: ask ever less often."""
        fault = refused(desired.kind.kind, desired.name, error.message)
        earlier = self._refusals.get(desired.reference)
        failures = earlier.failures + 1 if earlier and earlier.digest == desired.digest else 1
        retry_at = self._clock() + self.REFUSED.pause(failures)
        self._refusals[desired.reference] = _Refusal(desired.digest, fault, retry_at, failures)
        return fault

    async def _delete_others(self, desired: set[Reference]) -> list[KubeError]:
        """Delete all other owned objects; the errors of those that are not deleted."""
        errors: list[KubeError] = []
        for kind in OWNED_KINDS:
            for live in self._cache.owned(kind, self._owner):
                metadata = live["metadata"]
                if (kind, metadata["name"]) in desired or not may_delete(live, self._uid):
                    continue
                try:
                    await self._kube.delete(kind, metadata["namespace"], metadata["name"], metadata["uid"])
                except KubeError as error:
                    errors.append(error)
        self._applied = {ref: applied for ref, applied in self._applied.items() if ref in desired}
        self._refusals = {ref: refusal for ref, refusal in self._refusals.items() if ref in desired}
        return errors
