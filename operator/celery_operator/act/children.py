"""Makes the children of one CeleryDeployment so, and writes nothing where they are so already."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from celery_operator.act.fingerprint import digest, fingerprint
from celery_operator.act.ownership import is_owned, may_delete, name_taken, refused
from celery_operator.cache import Cache, Key
from celery_operator.kube import CHILDREN, SECRET, Json, Kind, Kube, KubeError, RefusedError
from celery_operator.snapshot import ConfigurationFault

_KINDS = {(kind.api_version, kind.kind): kind for kind in (*CHILDREN, SECRET)}

Reference = tuple[Kind, str]
"""A child by kind and name; its namespace is that of its owner."""


@dataclass(frozen=True, slots=True)
class WantedChild:
    """A child as it should be, hashed once for the many times that it is compared."""

    kind: Kind
    name: str
    body: Json
    digest: str

    @classmethod
    def of(cls, body: Json) -> "WantedChild":
        kind = _KINDS[(body["apiVersion"], body["kind"])]
        return cls(kind, body["metadata"]["name"], body, digest(body))

    @property
    def reference(self) -> Reference:
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
    delay: float


class Children:
    """The memory of what was applied lives as long as the process: a new one applies each child once more,
    which changes nothing where nothing changed.
    """

    FIRST_RETRY_SECONDS = 5.0
    LAST_RETRY_SECONDS = 60.0

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

    async def keep(
        self, wanted: Sequence[WantedChild], secrets: Mapping[str, Json | None]
    ) -> tuple[ConfigurationFault, ...]:
        """Apply what differs and delete what is not wanted; the faults of children that cannot be made.

        ``secrets`` are the Secrets among the children as they were just now, by name: no watch brings them.
        A child that fails does not hold up the others. Raises the first KubeError that another try may mend.
        """
        faults: list[ConfigurationFault] = []
        errors: list[KubeError] = []
        for child in wanted:
            try:
                live = await self._live(child, secrets)
                fault = await self._keep_one(child, live)
            except KubeError as error:
                errors.append(error)
            else:
                faults += [fault] if fault else []
        await self._delete_others({child.reference for child in wanted})
        if errors:
            raise errors[0]
        return tuple(faults)

    async def _live(self, child: WantedChild, secrets: Mapping[str, Json | None]) -> Json | None:
        if child.kind is SECRET:
            return secrets[child.name]
        live = self._cache.get(child.kind, Key(self._owner.namespace, child.name))
        if live is None:
            # It may be there all the same: without our labels the watch does not show it.
            live = await self._kube.get(child.kind, self._owner.namespace, child.name)
        return live

    async def _keep_one(self, child: WantedChild, live: Json | None) -> ConfigurationFault | None:
        if live is not None:
            if not is_owned(live, self._uid):
                return name_taken(child.kind.kind, live, self._owner.name)
            if "deletionTimestamp" in live["metadata"] or self._is_unchanged(child, live):
                return None
        refusal = self._refusals.get(child.reference)
        if refusal and refusal.digest == child.digest and self._clock() < refusal.retry_at:
            return refusal.fault
        try:
            applied = await self._kube.apply(child.kind, child.body)
        except RefusedError as error:
            return self._remember_refusal(child, error)
        self._refusals.pop(child.reference, None)
        version = applied["metadata"]["resourceVersion"]
        self._applied[child.reference] = _Applied(child.digest, fingerprint(applied), version)
        if child.kind is not SECRET:
            self._cache.put(child.kind, applied, watched=False)
        return None

    def _is_unchanged(self, child: WantedChild, live: Json) -> bool:
        applied = self._applied.get(child.reference)
        if applied is None or applied.digest != child.digest:
            return False
        version = live["metadata"]["resourceVersion"]
        if version != applied.version:
            if fingerprint(live) != applied.fingerprint:
                return False
            applied.version = version
        return True

    def _remember_refusal(self, child: WantedChild, error: KubeError) -> ConfigurationFault:
        """The same text is refused again, unless a policy or a quota changes: ask less and less often."""
        fault = refused(child.kind.kind, child.name, error.message)
        earlier = self._refusals.get(child.reference)
        delay = self.FIRST_RETRY_SECONDS
        if earlier and earlier.digest == child.digest:
            delay = min(2 * earlier.delay, self.LAST_RETRY_SECONDS)
        self._refusals[child.reference] = _Refusal(child.digest, fault, self._clock() + delay, delay)
        return fault

    async def _delete_others(self, wanted: set[Reference]) -> None:
        for kind in CHILDREN:
            for live in self._cache.children(kind, self._owner):
                metadata = live["metadata"]
                if (kind, metadata["name"]) not in wanted and may_delete(live, self._uid):
                    await self._kube.delete(kind, metadata["namespace"], metadata["name"], metadata["uid"])
        self._applied = {ref: applied for ref, applied in self._applied.items() if ref in wanted}
        self._refusals = {ref: refusal for ref, refusal in self._refusals.items() if ref in wanted}
