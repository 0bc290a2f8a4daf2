"""Asks sidecars for their reports, within a time limit."""

import asyncio
from dataclasses import replace
from typing import Protocol

import aiohttp

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.worker import WorkerVerdict
from celery_health.wire.json_fields import ReportError
from celery_health.wire.worker_report import report_from
from celery_operator.kinds import Json
from celery_operator.kube import Kube, KubeError
from celery_operator.observe.latest import Answer
from celery_operator.sidecar_address import AT_ONCE, TIMEOUT_SECONDS, direct_url, proxy_path
from celery_operator.snapshot import SidecarBroker, SidecarReading

LARGEST_REPORT = 256 * 1024

SILENT_AT_ONCE = 8
"""How many pods that do not answer are asked at a time."""


class SidecarError(Exception):
    """A sidecar gave no answer that can be read."""


class ReportSource(Protocol):
    """Gets the body of ``/report`` from one pod."""

    async def fetch(self, pod: Json) -> Json:
        """Raises SidecarError when there is no answer in time."""


class DirectSource:
    """Asks a pod at its own address: how it goes inside the cluster."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)

    async def fetch(self, pod: Json) -> Json:
        try:
            async with self._session.get(
                direct_url(pod, "report"), timeout=self._timeout, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise SidecarError(f"HTTP {response.status}")
                if (response.content_length or 0) > LARGEST_REPORT:
                    raise SidecarError("the report is too large")
                body: Json = await response.json()
                return body
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise SidecarError(str(error) or type(error).__name__) from error


class ProxySource:
    """Asks through the API server's pod proxy: for an operator outside the cluster."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    async def fetch(self, pod: Json) -> Json:
        try:
            body = await self._kube.get_path(proxy_path(pod, "report"), TIMEOUT_SECONDS)
        except KubeError as error:
            raise SidecarError(error.message) from error
        if body is None:
            raise SidecarError("the pod is gone")
        return body


class Sidecars:
    """All sidecars of all resources, with a bound on how many are asked at a time."""

    def __init__(self, source: ReportSource) -> None:
        self._source = source
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._slots_of_silent = asyncio.Semaphore(SILENT_AT_ONCE)

    async def fetch(self, pod: Json, *, silent: bool = False) -> Json:
        """The body of ``/report`` of one pod, whoever's sidecar it is. Raises SidecarError.

        ``silent``: it did not answer the last time. Many such pods, as on a node that is lost, then hold up
        none that answer.
        """
        async with self._slots_of_silent if silent else self._slots:
            return await self._source.fetch(pod)


def reading_of(body: Json) -> SidecarReading:
    """A reading from the JSON of ``/report``. Raises SidecarError for one that we cannot read."""
    try:
        verdict, broker = body["verdict"], body["broker"]
        return SidecarReading(
            report=None if body["report"] is None else report_from(body["report"]),
            verdict=WorkerVerdict(
                reason=WorkerReason(verdict["reason"]),
                message=str(verdict["message"]),
                started=bool(verdict["started"]),
                live=bool(verdict["live"]),
                ready=bool(verdict["ready"]),
                consuming=verdict["consuming"],
            ),
            broker=SidecarBroker(broker["reachable"], str(broker["message"])),
            age=float(body.get("written_age") or 0.0),
            held_for=_optional_seconds(body.get("held_for")),
            drain_wanted=body.get("drain_wanted"),
            draining_for=_optional_seconds(body.get("draining_for")),
        )
    except (KeyError, TypeError, ValueError, ReportError) as error:
        raise SidecarError(f"not a report that this operator reads: {error}") from error


def as_of_now(answer: Answer[SidecarReading]) -> SidecarReading:
    """The reading, as much older as its answer is."""
    reading, ago = answer.value, answer.seconds_ago
    return replace(
        reading,
        age=reading.age + ago,
        held_for=None if reading.held_for is None else max(0.0, reading.held_for - ago),
        draining_for=None if reading.draining_for is None else reading.draining_for + ago,
        late=answer.late,
    )


def _optional_seconds(value: float | None) -> float | None:
    return None if value is None else float(value)
