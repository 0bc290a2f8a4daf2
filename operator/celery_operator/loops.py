"""One loop for each CeleryDeployment that exists: started, woken and ended by the events of the watches."""

import asyncio
import logging

from celery_operator.cache import Key
from celery_operator.dependencies import Dependencies
from celery_operator.kinds import Json, Kind
from celery_operator.loop import ResourceLoop, is_leaving

STARTED_PER_SECOND = 50.0
"""Loops that a new process starts per second: each begins with requests to the API server."""
LONGEST_START_SECONDS = 20.0
"""Even where there are more."""

_log = logging.getLogger(__name__)


class ResourceLoops:
    """All loops of the process."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._cache = dependencies.cache
        self._loops: dict[Key, ResourceLoop] = {}
        self._tasks: dict[ResourceLoop, asyncio.Task[None]] = {}

    def seen(self, kind: Kind, body: Json) -> None:
        """The watch brought an object, new or changed."""
        metadata = body["metadata"]
        known = self._cache.get(kind, Key(metadata["namespace"], metadata["name"]))
        is_new = known is None or known["metadata"]["uid"] != metadata["uid"]
        self._wake(kind, self._cache.put(kind, body, watched=True), is_new=is_new)

    def lost(self, kind: Kind, body: Json) -> None:
        """The watch, or a LIST that lacks it, says that an object is gone."""
        self._wake(kind, self._cache.remove(kind, body))

    def ages(self) -> dict[Key, float]:
        """Seconds since each resource's loop last came round."""
        return {key: loop.age() for key, loop in self._loops.items()}

    async def stop(self) -> None:
        """End all loops at once. The next leader finishes what they leave unfinished."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def start_known(self) -> None:
        """Start the loops of the resources that the cache already has before the watches run, spread over
        seconds.
        """
        known = self._cache.resources()
        pause = min(1 / STARTED_PER_SECOND, LONGEST_START_SECONDS / max(1, len(known)))
        for number, key in enumerate(known):
            self._adjust(key, after_seconds=number * pause)

    def _wake(self, kind: Kind, key: Key | None, *, is_new: bool = False) -> None:
        if key is None:
            return
        self._adjust(key)
        if loop := self._loops.get(key):
            loop.wake(kind, is_new=is_new)

    def _adjust(self, key: Key, after_seconds: float = 0.0) -> None:
        """One running loop if the resource is there to stay, none otherwise."""
        resource = self._cache.resource(key)
        uid = None if resource is None or is_leaving(resource) else resource["metadata"]["uid"]
        loop = self._loops.get(key)
        if loop is not None and loop.uid != uid:
            self._tasks[loop].cancel()
            self._forget(loop)
            loop = None
        if loop is None and uid is not None:
            self._start(ResourceLoop(self._dependencies, key, uid), after_seconds)

    def _start(self, loop: ResourceLoop, after_seconds: float) -> None:
        _log.info("reconciling %s", loop.key)
        task = asyncio.create_task(loop.run(after_seconds), name=f"loop of {loop.key}")
        self._loops[loop.key], self._tasks[loop] = loop, task
        task.add_done_callback(lambda task: self._ended(loop, task))

    def _ended(self, loop: ResourceLoop, task: asyncio.Task[None]) -> None:
        del self._tasks[loop]
        self._forget(loop)
        if not task.cancelled() and (error := task.exception()):
            _log.error("the loop of %s broke", loop.key, exc_info=error)

    def _forget(self, loop: ResourceLoop) -> None:
        """Drop the loop, unless another has taken its key."""
        if self._loops.get(loop.key) is loop:
            del self._loops[loop.key]
            self._dependencies.metrics.drop(loop.key)
