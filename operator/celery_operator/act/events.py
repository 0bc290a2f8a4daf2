"""Posts Events on a CeleryDeployment. Nothing waits for them for longer than ``POSTING_SECONDS``."""

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from celery_health.redaction import redact
from celery_health.wire.bounds import NAME_LENGTH, sentence
from celery_health.wire.resource_push import EVENTS_LENGTH, PushedEvent
from celery_operator.act.event_pacing import EventPacing
from celery_operator.api import names
from celery_operator.cache import Key
from celery_operator.decide.event_note import EventNote
from celery_operator.kinds import EVENT, Json
from celery_operator.kube import ConflictError, Kube, KubeError

POSTING_SECONDS = 2.0
"""For all Events that are posted at a time. What the API server has not taken by then is lost."""
NOTE_LIMIT = 1024
"""In bytes, as the API server counts them."""
ACTION = "Reconcile"
"""What the operator was doing when it saw what an Event reports."""

_log = logging.getLogger(__name__)


class Events:
    """The Events of one CeleryDeployment."""

    def __init__(
        self,
        kube: Kube,
        key: Key,
        uid: str,
        *,
        instance: str,
        lost: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        posting_seconds: float = POSTING_SECONDS,
    ) -> None:
        self._kube = kube
        self._key = key
        self._uid = uid
        self._instance = instance
        self._lost = lost
        self._clock = clock
        self._posting_seconds = posting_seconds
        self._pacing = EventPacing()
        self._posted: deque[PushedEvent] = deque(maxlen=EVENTS_LENGTH)

    @property
    def posted(self) -> tuple[PushedEvent, ...]:
        """The newest Events that this process has posted, the newest last."""
        return tuple(self._posted)

    async def post_all(self, notes: Iterable[EventNote]) -> None:
        """Post those of these notes whose turn has come, and those that have waited long enough."""
        now = self._clock()
        admitted = [note for note in notes if self._pacing.admits(note, now)]
        await self._create_in_time([*admitted, *self._pacing.due(now)])

    async def post(self, note: EventNote) -> None:
        """Post it if its turn has come."""
        if self._pacing.admits(note, self._clock()):
            await self._create_in_time([note])

    async def _create_in_time(self, notes: Sequence[EventNote]) -> None:
        left = list(notes)
        try:
            async with asyncio.timeout(self._posting_seconds):
                while left:
                    await self._create(left[0])
                    del left[0]
        except TimeoutError:
            for note in left:
                self._note_lost(note, f"the API server has not taken it within {self._posting_seconds:g} s")

    async def _create(self, note: EventNote) -> None:
        try:
            await self._kube.create(EVENT, self._key.namespace, self._body(note))
        except ConflictError:
            # Posted before: by the operator that led then, or by this one before it could write the status.
            pass
        except KubeError as error:
            self._note_lost(note, error.message)
        else:
            self._posted.append(_as_pushed(note))

    def _note_lost(self, note: EventNote, why: str) -> None:
        self._lost()
        leaving = "is being terminated" in why  # a namespace on its way out takes no Events
        level = logging.DEBUG if leaving else logging.WARNING
        _log.log(level, "event %s on %s is lost: %s", note.reason, self._key, why)

    def _body(self, note: EventNote) -> Json:
        return {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.kind,
            "metadata": {
                "name": f"{self._key.name}.{_suffix(note)}",
                "namespace": self._key.namespace,
            },
            "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "type": note.type,
            "reason": str(note.reason),
            "note": redact(note.message).encode()[:NOTE_LIMIT].decode(errors="ignore"),
            "action": ACTION,
            "reportingController": f"{names.GROUP}/operator",
            "reportingInstance": self._instance[:128],
            "regarding": {
                "apiVersion": names.API_VERSION,
                "kind": names.KIND,
                "namespace": self._key.namespace,
                "name": self._key.name,
                "uid": self._uid,
            },
        }


def _suffix(note: EventNote) -> str:
    """Of the name: the same for the same identity, otherwise random."""
    if note.identity:
        return sha256(note.identity.encode()).hexdigest()[:16]
    return secrets.token_hex(8)


def _as_pushed(note: EventNote) -> PushedEvent:
    return PushedEvent(
        posted_at=time.time(),
        type=note.type,
        reason=str(note.reason)[:NAME_LENGTH],
        message=sentence(redact(note.message)),
    )
