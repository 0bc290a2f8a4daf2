"""Reads Secrets and ConfigMaps that a CeleryDeployment names, by name and seldom: no watch brings them."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from celery_operator.backoff import Backoff, spread
from celery_operator.kinds import Json, Kind, Reference
from celery_operator.kube import KubeError, RefusedError
from celery_operator.resources.configuration.references import Data

KEEP_SECONDS = 15.0
"""Between two reads of the same object at most, and up to a quarter less: one object costs a resource 0.08
requests per second.
"""
MANY = 10
"""Of more objects, each is read less often: a resource makes no more requests than with this number."""
MOST = 100
"""Objects that are read for the variables of one resource. Changes of more replace no pods."""
AGAIN = Backoff(first=1.0, limit=KEEP_SECONDS)
"""Before each further read of an object that cannot be used as it is."""
FORGET_SECONDS = 300.0
"""An object that no reconcile has needed for this time is read no more."""

GetObject = Callable[[Kind, str], Awaitable[Json | None]]
"""Gets an object of the resource's own namespace; None where there is none."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    """What the reads of one object gave. An object that cannot be read keeps the values that it had.

    ``refused``: what the last read gave cannot be used. ``in_vain``: the number of such reads in a row.
    """

    asked_at: float
    due: float = float("-inf")
    is_known: bool = False
    data: Data | None = None
    error: KubeError | None = None
    refused: bool = False
    in_vain: int = 0
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class ConfigurationReader:
    """The values of one CeleryDeployment. All who need an object share its reads."""

    def __init__(
        self,
        get_object: GetObject,
        *,
        changed: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``changed`` is called when an object has other values than before, or comes or goes."""
        self._get = get_object
        self._changed = changed
        self._clock = clock
        self._kept: dict[Reference, _Kept] = {}
        self._rescheduled = asyncio.Event()

    async def get(self, reference: Reference) -> Data | None:
        """What the object holds, as the API server encodes it; None where there is none.

        Raises RefusedError where the object may not be read, and KubeError where it could not be read so far.
        """
        kept = await self._fresh(reference)
        if kept.error is not None and (not kept.is_known or isinstance(kept.error, RefusedError)):
            raise kept.error
        return kept.data

    async def read(
        self, references: Iterable[Reference], *, at_once: bool = False
    ) -> Mapping[Reference, Data | None]:
        """What the objects hold, None for those that do not exist, without those that were never read.

        ``at_once``: read them now, also those that were read a moment ago.
        """
        wanted = tuple(dict.fromkeys(references))[:MOST]
        for one in wanted if at_once else ():
            if one in self._kept:
                self._kept[one].due = float("-inf")
        kept = {one: await self._fresh(one) for one in wanted}
        return {one: found.data for one, found in kept.items() if found.is_known}

    def refuse(self, reference: Reference) -> None:
        """What the last read gave cannot be used: read the object again, at once the first time."""
        kept = self._kept.get(reference)
        if kept is not None and not kept.refused:
            kept.due = min(kept.due, self._clock() + self._paced(AGAIN.pause(kept.in_vain)))
            kept.refused = True
            kept.in_vain += 1
            self._rescheduled.set()

    async def run(self) -> None:
        """Read again what is due, until cancelled, so that a change is noticed at once."""
        while True:
            await self._until_due()
            oldest = self._clock() - FORGET_SECONDS
            self._kept = {one: kept for one, kept in self._kept.items() if kept.asked_at > oldest}
            for reference, kept in tuple(self._kept.items()):
                try:
                    await self._refresh(reference, kept)
                except Exception:
                    _log.exception("%s %s cannot be read", reference[0].kind, reference[1])

    async def _until_due(self) -> None:
        while (due := min((kept.due for kept in self._kept.values()), default=None)) is None or (
            due > self._clock()
        ):
            self._rescheduled.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if due is None else due - self._clock()):
                    await self._rescheduled.wait()

    async def _fresh(self, reference: Reference) -> _Kept:
        if reference not in self._kept:
            self._kept[reference] = _Kept(self._clock())
            self._rescheduled.set()
        kept = self._kept[reference]
        kept.asked_at = self._clock()
        await self._refresh(reference, kept)
        return kept

    async def _refresh(self, reference: Reference, kept: _Kept) -> None:
        """Read the object if it is due."""
        async with kept.reading:
            if self._clock() < kept.due:
                return
            kept.due = self._clock() + self._paced(spread(KEEP_SECONDS))
            try:
                found = await self._get(*reference)
            except KubeError as error:
                self._not_read(reference, kept, error)
            else:
                self._take(kept, None if found is None else found.get("data") or {})

    def _take(self, kept: _Kept, data: Data | None) -> None:
        is_same = kept.is_known and kept.data == data
        if kept.is_known and not is_same:
            self._changed()
        if not (is_same and kept.refused):
            kept.in_vain = 0
        kept.is_known, kept.data, kept.error, kept.refused = True, data, None, False

    def _not_read(self, reference: Reference, kept: _Kept, error: KubeError) -> None:
        if kept.error is None:
            kind, name = reference
            _log.warning("%s %s cannot be read; its changes replace no pods: %s", kind.kind, name, error)
        kept.in_vain += 1
        kept.error, kept.refused = error, True
        kept.due = self._clock() + self._paced(AGAIN.pause(kept.in_vain))

    def _paced(self, seconds: float) -> float:
        return seconds * max(1.0, len(self._kept) / MANY)
