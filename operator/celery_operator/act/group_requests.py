"""Asks the monitor of one CeleryDeployment what its users request, and carries it out, in a task of its own.

The monitor is no authority: it can ask for four actions on the groups of its own resource, in bounded
documents. Each request is checked against the resource. A request whose outcome the monitor does not know yet
comes again, and is done once.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from pydantic import ValidationError

from celery_health.redaction import redact
from celery_health.wire.bounds import sentence
from celery_health.wire.documents import UnreadableError
from celery_health.wire.group_requests import (
    OUTCOMES_LENGTH,
    REQUEST_SECONDS,
    REQUESTS_PATH,
    WAITING_REQUESTS,
    GroupRequest,
    Outcome,
    Outcomes,
)
from celery_operator.act.monitor_push import Pods, PushError, PushSink, running_monitors
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.backoff import Backoff
from celery_operator.cache import Key
from celery_operator.decide.event_note import EventNote, EventReason
from celery_operator.decide.group_requests import group_changes
from celery_operator.kinds import CELERY_DEPLOYMENT, Json
from celery_operator.kube import ConflictError, Kube, KubeError, RefusedError

ASK_SECONDS = 2.0
"""Between two questions. Each is a message of a few bytes."""

REPORTED_SECONDS = 2 * REQUEST_SECONDS
"""How long an outcome is reported. After that no monitor asks for its request again."""

_FAILED = Backoff(first=ASK_SECONDS, limit=10.0)
_ATTEMPTS = 3

_log = logging.getLogger(__name__)


class PostEvent(Protocol):
    """Posts an Event on the resource."""

    async def __call__(self, note: EventNote) -> None:
        """Post it."""


@dataclass(frozen=True, slots=True)
class _Monitor:
    """Where the monitor takes outcomes: the path on its pods, and the token."""

    path: str
    token: str


class GroupRequests:
    """The requests of one CeleryDeployment. ``clock`` is a monotonic time in seconds."""

    def __init__(
        self,
        sink: PushSink,
        kube: Kube,
        pods: Pods,
        key: Key,
        uid: str,
        *,
        post: PostEvent,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sink, self._kube, self._pods = sink, kube, pods
        self._key, self._uid, self._post, self._clock = key, uid, post, clock
        self._monitor: _Monitor | None = None
        self._enabled = asyncio.Event()
        self._reported: deque[tuple[float, Outcome]] = deque(maxlen=OUTCOMES_LENGTH)
        self._failures = 0

    def follow(self, prefix: str, token: str) -> None:
        """Ask the monitor at this URL prefix from now on. Without a token it is asked nothing."""
        self._monitor = _Monitor(f"{prefix}{REQUESTS_PATH}", token) if token else None
        (self._enabled.set if token else self._enabled.clear)()

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            await self._enabled.wait()
            try:
                failed = not await self.ask()
            except Exception:
                _log.exception("%s: the requests of the monitor failed", self._key)
                failed = True
            self._failures = self._failures + 1 if failed else 0
            await asyncio.sleep(_FAILED.pause(self._failures) if failed else ASK_SECONDS)

    async def ask(self) -> bool:
        """Report outcomes, and carry out what waits. False if a monitor did not answer."""
        pods, monitor = running_monitors(self._pods()), self._monitor
        if monitor is None or not pods:
            return True
        answers = await asyncio.gather(*(self._exchange(pod, monitor) for pod in pods))
        requests = [request for answer in answers for request in answer or ()]
        if requests:
            # The outcomes are reported at once: a person waits for them.
            await self.carry_out(requests)
            await asyncio.gather(*(self._exchange(pod, monitor) for pod in pods))
        return None not in answers

    async def carry_out(self, requests: Sequence[GroupRequest]) -> None:
        """Do what has not been done. Where the API server does not answer, the monitor asks again."""
        known = {outcome.id for outcome in self._outcomes()}
        new = tuple({one.id: one for one in requests if one.id not in known}.values())
        if not await self._carry_out(new) and len(new) > 1:
            # Only one of them may be the reason why the patch of all is refused.
            for request in new:
                await self._carry_out((request,))

    async def _carry_out(self, requests: Sequence[GroupRequest]) -> bool:
        """False for several requests whose common patch the API server refuses."""
        try:
            for attempt in range(_ATTEMPTS):
                try:
                    await self._attempt(requests)
                except ConflictError:
                    if attempt + 1 == _ATTEMPTS:
                        raise
                else:
                    return True
        except RefusedError as error:
            if len(requests) > 1:
                return False
            self._report(_not_allowed(request, error) for request in requests)
        except KubeError as error:
            _log.warning("%s: requests of the monitor wait: %s", self._key, error.message)
        return True

    async def _attempt(self, requests: Sequence[GroupRequest]) -> None:
        if not requests:
            return
        resource = await self._kube.get(CELERY_DEPLOYMENT, self._key.namespace, self._key.name)
        if resource is None or resource["metadata"]["uid"] != self._uid:
            return
        try:
            spec = CeleryDeploymentSpec.model_validate(resource.get("spec") or {})
        except ValidationError:
            self._report(Outcome(id=one.id, done=False, message=_UNREADABLE) for one in requests)
            return
        changes = group_changes(resource, spec, requests, datetime.now(UTC))
        if changes.patch is not None:
            await self._kube.merge(
                CELERY_DEPLOYMENT, self._key.namespace, self._key.name, dict(changes.patch)
            )
        self._report(changes.outcomes)
        for outcome in changes.outcomes:
            _log.info("%s: request %s of the monitor: %s", self._key, outcome.id, outcome.message)
            if outcome.id in changes.applied:
                await self._post(
                    EventNote("Normal", EventReason.REQUESTED_BY_MONITOR, f"{outcome.message} {_WHO}")
                )

    async def _exchange(self, pod: Json, monitor: _Monitor) -> tuple[GroupRequest, ...] | None:
        """The requests that wait in this monitor; None without an answer that can be read."""
        body = msgspec.json.encode(Outcomes(outcomes=self._outcomes()))
        try:
            answer = await self._sink.send(pod, monitor.path, body, monitor.token)
            return WAITING_REQUESTS.decode(answer).requests
        except (PushError, UnreadableError) as error:
            # A monitor that starts does not listen yet, and one of an older release has no requests.
            _log.debug("%s: a monitor named no requests: %s", self._key, error)
            return None

    def _outcomes(self) -> tuple[Outcome, ...]:
        now = self._clock()
        return tuple(outcome for at, outcome in self._reported if now - at < REPORTED_SECONDS)

    def _report(self, outcomes: Iterable[Outcome]) -> None:
        now = self._clock()
        self._reported.extend((now, outcome) for outcome in outcomes)


_UNREADABLE = "The spec cannot be read: correct it first, as the condition Stalled says."
_WHO = "A user of the monitor asked for it: the monitor's audit says who."


def _not_allowed(request: GroupRequest, error: RefusedError) -> Outcome:
    message = f"The API server refuses the change: {redact(error.message).rstrip('.')}."
    if error.status == 403:
        message += " Grant the operator the verb patch on celerydeployments, as its Helm chart does."
    return Outcome(id=request.id, done=False, message=sentence(message))
