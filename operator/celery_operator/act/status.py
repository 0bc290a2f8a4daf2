"""Writes the status of a CeleryDeployment."""

import time
from collections.abc import Callable

from celery_health.known_secrets import mask_known_json
from celery_operator.api.status import CeleryDeploymentStatus
from celery_operator.cache import Cache, Key
from celery_operator.decide.status_writing import worth_writing
from celery_operator.kinds import CELERY_DEPLOYMENT, Json
from celery_operator.kube import Kube


class StatusWriter:
    """Writes a status where it differs enough from the one before."""

    def __init__(
        self,
        kube: Kube,
        cache: Cache,
        key: Key,
        uid: str,
        *,
        written: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kube = kube
        self._cache = cache
        self._key = key
        self._uid = uid
        self._written = written
        self._clock = clock
        self._written_at = float("-inf")

    async def write(self, previous: CeleryDeploymentStatus, status: CeleryDeploymentStatus) -> None:
        """Write it without secrets, if it is worth a write. Raises KubeError."""
        if not self._is_worth_writing(previous, status):
            return
        status = _without_secrets(status)
        if not self._is_worth_writing(previous, status):
            return
        resource = await self._kube.merge(
            CELERY_DEPLOYMENT, self._key.namespace, self._key.name, patch(self._uid, status), "status"
        )
        self._written_at = self._clock()
        self._written()
        # The next reconcile compares with what is written now, not with what the watch brought last.
        self._cache.put(CELERY_DEPLOYMENT, resource, watched=False)

    def _is_worth_writing(self, previous: CeleryDeploymentStatus, status: CeleryDeploymentStatus) -> bool:
        return worth_writing(previous, status, self._clock() - self._written_at)


def _without_secrets(status: CeleryDeploymentStatus) -> CeleryDeploymentStatus:
    text = status.model_dump_json(by_alias=True)
    masked = mask_known_json(text)
    return status if masked == text else CeleryDeploymentStatus.model_validate_json(masked)


def patch(uid: str, status: CeleryDeploymentStatus) -> Json:
    """A merge patch that makes the status exactly this one, on the resource of this uid only."""
    values = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    absent = dict.fromkeys(name for name in status.model_dump(by_alias=True) if name not in values)
    return {"metadata": {"uid": uid}, "status": {**values, **absent}}
