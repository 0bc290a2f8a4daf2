"""One leads: a Lease that a single process holds, and that it must keep renewing to go on.

The rules are those of client-go: a follower waits a whole Lease duration after the last renewal that it saw,
by its own clock, and a leader that cannot renew gives up sooner than that.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from celery_operator.kinds import LEASE, Json
from celery_operator.kube import ConflictError, Kube, KubeError
from celery_operator.process.settings import LeaseSettings

T = TypeVar("T")

_log = logging.getLogger(__name__)


class LeaseLostError(Exception):
    """Another may lead by now: the process has to end at once."""


class Leader:
    """This process as a candidate for the Lease."""

    def __init__(
        self, kube: Kube, settings: LeaseSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kube = kube
        self._settings = settings
        self._clock = clock
        self._seen: tuple[str, str] | None = None
        self._seen_at = 0.0
        self.is_leading = False

    async def acquire(self) -> None:
        """Return once this process leads; wait as long as it takes."""
        reported = ""
        while True:
            try:
                holder = await self._try()
            except KubeError as error:
                _log.warning("the Lease cannot be had yet: %s", error.message)
            else:
                if holder == self._settings.identity:
                    break
                if holder != reported:
                    reported = holder
                    _log.info("standing by: %s leads", holder)
            await asyncio.sleep(self._settings.retry_seconds)
        self.is_leading = True
        _log.info("%s leads", self._settings.identity)

    async def keep(self) -> None:
        """Renew for ever. Raises LeaseLostError when another has taken over, or may soon."""
        renewed = self._clock()
        while True:
            await asyncio.sleep(self._settings.retry_seconds)
            started = self._clock()
            left = renewed + self._settings.renew_deadline_seconds - started
            try:
                async with asyncio.timeout(left):
                    holder = await self._try()
            except (KubeError, TimeoutError) as error:
                if self._clock() - renewed >= self._settings.renew_deadline_seconds:
                    self.is_leading = False
                    message = f"the Lease could not be renewed for {self._clock() - renewed:.0f} s: {error}"
                    raise LeaseLostError(message) from error
                _log.warning("the Lease could not be renewed yet: %s", error)
                continue
            if holder != self._settings.identity:
                self.is_leading = False
                raise LeaseLostError(f"{holder} has taken the Lease")
            renewed = started

    async def release(self) -> None:
        """Let the next one lead at once. If the Lease cannot be written, the next one waits it out."""
        if not self.is_leading:
            return
        self.is_leading = False
        try:
            await _again_after_conflict(self._give_back)
        except KubeError as error:
            _log.warning("the Lease could not be released: %s", error.message)

    async def _give_back(self) -> None:
        lease = await self._get()
        if lease and (lease.get("spec") or {}).get("holderIdentity") == self._settings.identity:
            await self._put(lease, "", 1)

    async def _try(self) -> str:
        """Take or renew the Lease if that is ours to do; who holds it then."""
        return await _again_after_conflict(self._take_or_renew)

    async def _take_or_renew(self) -> str:
        lease = await self._get()
        spec = (lease or {}).get("spec") or {}
        holder: str = spec.get("holderIdentity") or ""
        seen = holder, spec.get("renewTime") or ""
        if seen != self._seen:
            self._seen, self._seen_at = seen, self._clock()
        duration = spec.get("leaseDurationSeconds") or self._settings.duration_seconds
        held_by_other = holder not in ("", self._settings.identity)
        if held_by_other and self._clock() < self._seen_at + duration:
            return holder
        await self._put(lease, self._settings.identity, int(self._settings.duration_seconds))
        return self._settings.identity

    async def _get(self) -> Json | None:
        return await self._kube.get(LEASE, self._settings.namespace, self._settings.name)

    async def _put(self, lease: Json | None, holder: str, duration: int) -> None:
        """Write the Lease, on condition that it has not changed since it was read."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        before = (lease or {}).get("spec") or {}
        same = before.get("holderIdentity") == holder
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": duration,
            "acquireTime": before.get("acquireTime") if same else now,
            "renewTime": now,
            "leaseTransitions": before.get("leaseTransitions", 0) + (not same),
        }
        namespace, name = self._settings.namespace, self._settings.name
        if lease is None:
            body = {
                "apiVersion": LEASE.api_version,
                "kind": LEASE.kind,
                "metadata": {"name": name},
                "spec": spec,
            }
            await self._kube.create(LEASE, namespace, body)
        else:
            await self._kube.replace(LEASE, namespace, name, {**lease, "spec": spec})


async def _again_after_conflict(request: Callable[[], Awaitable[T]]) -> T:
    """Another request changed the Lease after it was read: read it again, and act on what it says now.

    That may be another process, or a renewal of our own that was under way when this process got SIGTERM.
    """
    try:
        return await request()
    except ConflictError:
        return await request()
