"""Compares the caches with LISTs: what is gone is forgotten, and a watch that went silent is found out."""

import asyncio
import logging
import time

from celery_operator.cache import WATCHED, Cache, Key
from celery_operator.kinds import CELERY_DEPLOYMENT, OWNED_SELECTOR, Json, Kind
from celery_operator.kube import Kube, KubeError
from celery_operator.loops import ResourceLoops
from celery_operator.process.settings import Settings

SOON_SECONDS = 1.0

_log = logging.getLogger(__name__)

Versions = dict[tuple[Key, str], int]
"""resourceVersions by key and uid."""


class Watchdog:
    """Fills the cache once, then compares it from time to time."""

    def __init__(self, kube: Kube, cache: Cache, settings: Settings) -> None:
        self._kube = kube
        self._cache = cache
        self._settings = settings
        self._namespaces: tuple[str | None, ...] = settings.namespaces or (None,)
        self._asked = asyncio.Event()
        self.silent = ""
        """Which watch has gone silent, as a sentence; empty while none has."""

    def ask(self) -> None:
        """Compare soon rather than at the next turn."""
        self._asked.set()

    async def fill(self) -> None:
        """Put everything that is there into the cache. Raises KubeError."""
        for kind in WATCHED:
            for namespace in self._namespaces:
                async for body in self._kube.list(kind, namespace, _selector(kind)):
                    self._cache.put(kind, body, watched=True)

    async def run(self, loops: ResourceLoops) -> None:
        """Compare for ever, with the pause of the settings or when asked."""
        while True:
            try:
                async with asyncio.timeout(self._settings.resync_seconds):
                    await self._asked.wait()
                await asyncio.sleep(SOON_SECONDS)
            except TimeoutError:
                pass
            self._asked.clear()
            try:
                await self._compare(loops)
            except KubeError as error:
                _log.warning("the caches could not be compared: %s", error.message)
            except Exception:
                _log.exception("the caches could not be compared")

    async def _compare(self, loops: ResourceLoops) -> None:
        listed: dict[Kind, Versions] = {}
        for kind in WATCHED:
            before = self._cache.watched_versions(kind)
            listed[kind] = await self._list(kind)
            for key, uid in before.keys() - listed[kind].keys():
                loops.lost(kind, {"metadata": {"namespace": key.namespace, "name": key.name, "uid": uid}})
        self.silent = await self._behind(listed)
        if self.silent:
            _log.error("%s", self.silent)
            self.ask()  # it may have come late, as after an outage: liveness must not wait a whole turn

    async def _list(self, kind: Kind) -> Versions:
        versions: Versions = {}
        for namespace in self._namespaces:
            async for body in self._kube.list(kind, namespace, _selector(kind), metadata_only=True):
                versions[_identity(body)] = int(body["metadata"]["resourceVersion"])
        return versions

    async def _behind(self, listed: dict[Kind, Versions]) -> str:
        """A sentence on the first kind whose watch has still not brought what was listed; empty if none."""
        deadline = time.monotonic() + self._settings.watch_grace_seconds
        while True:
            late = next((kind for kind in WATCHED if self._lags(kind, listed[kind])), None)
            if late is None:
                return ""
            if time.monotonic() >= deadline:
                seconds = f"{self._settings.watch_grace_seconds:g}"
                return f"the watch of {late.plural} is silent: a LIST {seconds} s ago showed what it lacks"
            await asyncio.sleep(SOON_SECONDS)

    def _lags(self, kind: Kind, listed: Versions) -> bool:
        """Whether the watch has not reached the version of a listed object; one gone since does not count."""
        seen = self._cache.watched_versions(kind)
        return any(
            # In this order: the second reads all recent deletions.
            seen.get(one, 0) < version and not self._cache.is_gone(one[1])
            for one, version in listed.items()
        )


def _identity(body: Json) -> tuple[Key, str]:
    metadata = body["metadata"]
    return Key(metadata["namespace"], metadata["name"]), metadata["uid"]


def _selector(kind: Kind) -> str:
    return "" if kind is CELERY_DEPLOYMENT else OWNED_SELECTOR
