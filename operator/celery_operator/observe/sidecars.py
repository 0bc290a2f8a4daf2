"""Reads the sidecars of pods, within a time limit and a size limit."""

from dataclasses import replace
from typing import Protocol

import aiohttp
import msgspec

from celery_health.catalogue.workers import WorkerReason
from celery_health.redaction import redact
from celery_health.verdicts.worker import WorkerVerdict
from celery_health.wire.answers import WORKER_ANSWER
from celery_health.wire.bounds import ANSWER_BYTES
from celery_health.wire.documents import UnreadableError
from celery_health.wire.names import REPORT_PATH, TOKEN_HEADER
from celery_operator.bounded_body import BodyTooLargeError, read_body
from celery_operator.kinds import Json
from celery_operator.kube import Kube, KubeError
from celery_operator.observe.latest import Answer
from celery_operator.shares.slots import Slots
from celery_operator.sidecar_address import (
    AT_ONCE,
    AT_ONCE_OF_ONE,
    TIMEOUT_SECONDS,
    cause_of,
    direct_url,
    proxy_path,
    refusal_of,
)
from celery_operator.snapshot import SidecarBroker, SidecarReading

FAILED_AT_ONCE = 256
FAILED_AT_ONCE_OF_ONE = 8
"""How many pods whose last reading failed are read at a time: of all CeleryDeployments, and of one."""

_CAUSE_LENGTH = 200


class SidecarError(Exception):
    """There is no reading of a sidecar. The message is the cause, without secrets."""

    def __init__(self, cause: str) -> None:
        super().__init__(redact(cause)[:_CAUSE_LENGTH])


class AnswerSource(Protocol):
    """Gets the body of ``/report`` from one pod."""

    async def fetch(self, pod: Json, token: str) -> bytes:
        """At most ``ANSWER_BYTES`` bytes. ``token`` is that of the sidecar.

        Raises SidecarError when there is no answer in time.
        """


class DirectSource:
    """Connects to a pod's own address: the way inside the cluster."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)

    async def fetch(self, pod: Json, token: str) -> bytes:
        """Ask the pod's own address."""
        try:
            async with self._session.get(
                direct_url(pod, REPORT_PATH),
                headers={"Accept-Encoding": "identity", TOKEN_HEADER: token},
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                if response.status != 200:
                    raise SidecarError(refusal_of(response.status))
                return await read_body(response, ANSWER_BYTES)
        except TimeoutError as error:
            raise SidecarError(f"no answer within {TIMEOUT_SECONDS:g} s") from error
        except (aiohttp.ClientError, BodyTooLargeError, OSError, ValueError) as error:
            raise SidecarError(cause_of(error)) from error


class ProxySource:
    """Goes through the API server's pod proxy: the way of an operator outside the cluster."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    async def fetch(self, pod: Json, token: str) -> bytes:
        """Ask through the API server."""
        try:
            return await self._kube.get_proxied(
                proxy_path(pod, REPORT_PATH), {TOKEN_HEADER: token}, TIMEOUT_SECONDS, ANSWER_BYTES
            )
        except KubeError as error:
            raise SidecarError(error.message) from error


class Sidecars:
    """All sidecars of all CeleryDeployments, each of which has its share of the requests."""

    def __init__(self, source: AnswerSource) -> None:
        self._source = source
        self._slots = Slots(AT_ONCE, AT_ONCE_OF_ONE)
        self._slots_of_failed = Slots(FAILED_AT_ONCE, FAILED_AT_ONCE_OF_ONE)

    async def fetch(self, pod: Json, token: str, *, failed_before: bool = False) -> bytes:
        """The body of ``/report`` of one pod, whose sidecar has this token. Raises SidecarError.

        ``failed_before``: its last reading failed. Many such pods, as on a node that is lost, then delay no
        reading of the others.
        """
        slots = self._slots_of_failed if failed_before else self._slots
        async with slots.slot():
            return await self._source.fetch(pod, token)


def reading_of(body: bytes) -> SidecarReading:
    """A reading from the body of a worker's ``/report``. Raises SidecarError for one that is unreadable."""
    try:
        answer = WORKER_ANSWER.decode(body)
        verdict, broker = answer.verdict, answer.broker
        return SidecarReading(
            report=answer.report,
            verdict=WorkerVerdict(
                reason=WorkerReason.named(verdict.reason),
                message=redact(verdict.message),
                started=verdict.started,
                live=verdict.live,
                ready=verdict.ready,
                consuming=verdict.consuming,
            ),
            broker=SidecarBroker(broker.reachable, redact(broker.message)),
            age=answer.written_age or 0.0,
            restart_hold_left=answer.restart_hold_seconds_left,
            drain_requested=answer.drain_requested,
            drain_requested_for=answer.drain_requested_for,
            drain_expires_in=answer.drain_expires_in,
            ends=answer.ends,
            quarantined=answer.quarantine.ids if answer.quarantine else (),
            task_events_requested=answer.task_events_requested,
        )
    except UnreadableError as error:
        raise SidecarError(str(error)) from error
    except ValueError as error:
        raise SidecarError("The answer of the sidecar has an unknown reason.") from error


def as_of_now(answer: Answer[SidecarReading]) -> SidecarReading:
    """The reading, aged by the time since its answer."""
    reading, ago = answer.value, answer.seconds_ago
    return replace(
        reading,
        age=reading.age + ago,
        restart_hold_left=None
        if reading.restart_hold_left is None
        else max(0.0, reading.restart_hold_left - ago),
        drain_requested_for=None
        if reading.drain_requested_for is None
        else reading.drain_requested_for + ago,
        drain_expires_in=None
        if reading.drain_expires_in is None
        else max(0.0, reading.drain_expires_in - ago),
        late=answer.late,
        ends=tuple(msgspec.structs.replace(end, ended_age=end.ended_age + ago) for end in reading.ends),
    )
