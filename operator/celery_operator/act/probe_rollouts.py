"""Spreads a new probe image over the CeleryDeployments: each gets it when a few others have theirs.

The image stands in every worker pod, so that all workers of the cluster would be replaced at once otherwise.
"""

import time
from collections.abc import Callable, Iterable

from celery_operator.cache import Cache, Key
from celery_operator.kinds import DEPLOYMENT, OWNED_KINDS, Json, Kind
from celery_operator.resources.ownership import is_owned
from celery_operator.resources.rollout_status import is_rolled_out
from celery_probe.pod import SIDECAR_CONTAINER

KEEP = "keep"
"""The value of the annotation that keeps the image that the pods have."""

TURN_SECONDS = 900.0
"""Longer than the progress deadline of a rollout. A rollout that does not even begin, because the API server
refuses the new image or the spec cannot be read, has no deadline of its own.
"""


class ProbeRollouts:
    """``limit``: how many resources replace their pods at a time; 0 is no limit.

    ``changed`` gets the numbers of resources whose rollout runs, and that wait for theirs.
    """

    def __init__(
        self,
        cache: Cache,
        target: str,
        limit: int,
        changed: Callable[[int, int], None] = lambda *_: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._target = target
        self._limit = limit
        self._changed = changed
        self._clock = clock
        # Since when.
        self._running: dict[Key, float] | None = None
        # Their turn is over, and they still try to get the new image.
        self._overdue: set[Key] = set()
        self._waiting: set[Key] = set()

    def image(self, key: Key, uid: str, chosen: str) -> str:
        """The image for the pods of a resource now. ``chosen``: by its annotation; empty if it has none."""
        live = _with_probe(self._cache, key, uid)
        self._end_turns()
        image = self._image(key, uid, live, chosen)
        self._changed(len(self._in_progress), len(self._waiting))
        return image

    def is_waiting(self, key: Key) -> bool:
        """Whether the resource has to wait for its new image."""
        return key in self._waiting

    def forget(self, key: Key) -> None:
        """The resource is gone."""
        self._in_progress.pop(key, None)
        self._overdue.discard(key)
        self._waiting.discard(key)
        self._changed(len(self._in_progress), len(self._waiting))

    @property
    def _in_progress(self) -> dict[Key, float]:
        """At first, the rollouts that another operator process has begun."""
        if self._running is None:
            rolling = (key for key in self._cache.resources() if self._is_rolling(key, self._uid(key)))
            self._running = dict.fromkeys(rolling, self._clock())
        return self._running

    def _end_turns(self) -> None:
        """Those that have had their time and do not roll hold up no others."""
        oldest = self._clock() - TURN_SECONDS
        for key in [key for key, since in self._in_progress.items() if since < oldest]:
            if not self._is_rolling(key, self._uid(key)):
                del self._in_progress[key]
                self._overdue.add(key)

    def _uid(self, key: Key) -> str:
        resource = self._cache.resource(key)
        return str(resource["metadata"]["uid"]) if resource else ""

    def _is_rolling(self, key: Key, uid: str) -> bool:
        """Whether workers are being replaced. A StatefulSet, as that of beat, never says that it stopped."""
        return _is_in_progress(_with_probe(self._cache, key, uid, (DEPLOYMENT,)), self._target)

    def _image(self, key: Key, uid: str, live: list[Json], chosen: str) -> str:
        self._waiting.discard(key)
        present = [probe_image_of(one) for one in live]
        if chosen and (chosen != KEEP or present):
            self._in_progress.pop(key, None)
            self._overdue.discard(key)
            return present[0] if chosen == KEEP else chosen
        if set(present) <= {self._target}:
            self._overdue.discard(key)
            if not self._is_rolling(key, uid):
                self._in_progress.pop(key, None)
            return self._target
        if key in self._overdue:
            return self._target
        if key in self._in_progress or not self._limit or len(self._in_progress) < self._limit:
            self._in_progress.setdefault(key, self._clock())
            return self._target
        self._waiting.add(key)
        return present[0]


def probe_image_of(owned: Json) -> str:
    """The image of the sidecar in the pods of an owned object; empty where it has none."""
    pod = owned.get("spec", {}).get("template", {}).get("spec", {})
    containers = pod.get("initContainers", [])
    images = (one.get("image", "") for one in containers if one["name"] == SIDECAR_CONTAINER)
    return str(next(images, ""))


def _with_probe(cache: Cache, key: Key, uid: str, kinds: Iterable[Kind] = OWNED_KINDS) -> list[Json]:
    """The owned objects whose pods have a sidecar, by kind and name."""
    owned = (one for kind in kinds for one in cache.owned(kind, key))
    return [one for one in owned if is_owned(one, uid) and probe_image_of(one)]


def _is_in_progress(deployments: Iterable[Json], target: str) -> bool:
    """Whether pods are being replaced by such with the target. One that came to a stop holds up no other."""
    return any(
        probe_image_of(one) == target and not is_rolled_out(one) and not _has_stopped(one)
        for one in deployments
    )


def _has_stopped(deployment: Json) -> bool:
    """Whether the rollout has exceeded its progress deadline (10 minutes)."""
    conditions = deployment.get("status", {}).get("conditions", [])
    return any(one["type"] == "Progressing" and one["status"] == "False" for one in conditions)
