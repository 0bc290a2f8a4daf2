"""Reads the Secrets and ConfigMaps behind the variables of pods, by name and seldom: no watch brings them."""

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from celery_operator.kinds import Json, Kind, Reference
from celery_operator.kube import KubeError
from celery_operator.resources.configuration.references import Data

KEEP_SECONDS = 30.0
"""Between two reads of the same object."""
MOST = 100
"""Objects that are read for one resource. Changes of more replace no pods."""

GetObject = Callable[[Kind, str], Awaitable[Json | None]]
"""Gets an object of the resource's own namespace; None where there is none."""

_log = logging.getLogger(__name__)


class ConfigurationReader:
    """The values of one CeleryDeployment. An object that cannot be read keeps the values that it had."""

    def __init__(self, get_object: GetObject, clock: Callable[[], float] = time.monotonic) -> None:
        self._get = get_object
        self._clock = clock
        self._data: dict[Reference, Data | None] = {}
        self._due: dict[Reference, float] = {}
        self._unreadable: set[Reference] = set()

    async def read(self, references: Iterable[Reference]) -> Mapping[Reference, Data | None]:
        """What the objects hold, as the API server encodes it, None for those that do not exist. Those that
        were never read are left out.
        """
        wanted = tuple(dict.fromkeys(references))[:MOST]
        self._data = {one: data for one, data in self._data.items() if one in wanted}
        self._due = {one: due for one, due in self._due.items() if one in wanted}
        self._unreadable &= set(wanted)
        for one in wanted:
            if self._clock() >= self._due.get(one, 0.0):
                self._due[one] = self._clock() + KEEP_SECONDS
                await self._refresh(one)
        return dict(self._data)

    async def _refresh(self, reference: Reference) -> None:
        kind, name = reference
        try:
            found = await self._get(kind, name)
        except KubeError as error:
            if reference not in self._unreadable:
                _log.warning("%s %s cannot be read; its changes replace no pods: %s", kind.kind, name, error)
            self._unreadable.add(reference)
            return
        self._unreadable.discard(reference)
        self._data[reference] = None if found is None else found.get("data") or {}
