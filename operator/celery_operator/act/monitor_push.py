"""Sends pushes to the monitor of one CeleryDeployment, in a task of its own: no reconcile waits for one.

The push goes to the monitor's pods and not to its Service: a new monitor gets it before it is ready, and the
way is the same as to the sidecars.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterable
from typing import Protocol

import aiohttp
import msgspec
from msgspec import structs

from celery_health.known_secrets import mask_known_json
from celery_health.redaction import redact
from celery_health.wire.group_requests import REQUESTS_BYTES
from celery_health.wire.resource_push import PUSH_BYTES, PUSH_PATH, PUSH_TOKEN_HEADER, PushedPod, ResourcePush
from celery_operator.api import names
from celery_operator.backoff import Backoff
from celery_operator.bounded_body import BodyTooLargeError, read_body
from celery_operator.cache import Key
from celery_operator.kinds import Json
from celery_operator.kube import Kube, KubeError
from celery_operator.resources.monitor_deployment import MONITOR_PORT
from celery_operator.shares.slots import Slots
from celery_operator.sidecar_address import cause_of, direct_url, proxy_path

TIMEOUT_SECONDS = 3.0
"""For one push to one pod."""

AT_ONCE = 128
AT_ONCE_OF_ONE = 4
"""How many requests are on their way to monitors: of all CeleryDeployments, and of one."""

PAUSE_SECONDS = 1.0
"""Between two pushes, at least."""

REPEAT_SECONDS = 10.0
"""A push that says nothing new is sent after this time, so that the monitor knows the operator works."""

_FAILED = Backoff(first=1.0, limit=5.0)
_CAUSE_LENGTH = 200

_log = logging.getLogger(__name__)

Pods = Callable[[], list[Json]]
"""The pods of the resource as they are now."""


class PushError(Exception):
    """A monitor did not take a push. The message is the cause, without secrets."""

    def __init__(self, cause: str) -> None:
        super().__init__(redact(cause)[:_CAUSE_LENGTH])


class PushSink(Protocol):
    """Sends one push to one pod of a monitor."""

    async def send(self, pod: Json, path: str, body: bytes, token: str) -> bytes:
        """The monitor's answer. Raises PushError when the body is not taken in time."""


class DirectPushSink:
    """To the pod's own address: the way inside the cluster."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        self._slots = Slots(AT_ONCE, AT_ONCE_OF_ONE)

    async def send(self, pod: Json, path: str, body: bytes, token: str) -> bytes:
        """Send it to the pod's own address."""
        try:
            async with (
                self._slots.slot(),
                self._session.post(
                    direct_url(pod, path, MONITOR_PORT),
                    data=body,
                    headers={PUSH_TOKEN_HEADER: token, "Content-Type": "application/json"},
                    timeout=self._timeout,
                    allow_redirects=False,
                ) as response,
            ):
                if response.status != 202:
                    raise PushError(f"HTTP {response.status}")
                return await read_body(response, REQUESTS_BYTES)
        except BodyTooLargeError as error:
            raise PushError(str(error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise PushError(cause_of(error)) from error


class ProxyPushSink:
    """Through the API server's pod proxy, which keeps the Authorization header for itself."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    async def send(self, pod: Json, path: str, body: bytes, token: str) -> bytes:
        """Send it through the API server."""
        try:
            return await self._kube.post_proxied(
                proxy_path(pod, path, MONITOR_PORT),
                json.loads(body),
                {PUSH_TOKEN_HEADER: token},
                TIMEOUT_SECONDS,
                REQUESTS_BYTES,
            )
        except KubeError as error:
            raise PushError(error.message) from error


class MonitorPushes:
    """The pushes of one CeleryDeployment: the newest one counts, and an older one that waits is dropped."""

    def __init__(
        self,
        sink: PushSink,
        pods: Pods,
        key: Key,
        *,
        counted: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``counted`` gets the result of each push: taken or failed."""
        self._sink = sink
        self._pods = pods
        self._key = key
        self._counted = counted
        self._clock = clock
        self._offered = asyncio.Event()
        self._push: ResourcePush | None = None
        self._path = self._token = ""
        self._sent: tuple[ResourcePush, frozenset[str]] | None = None
        self._sent_at = float("-inf")
        self._failures = 0

    def offer(self, push: ResourcePush | None, prefix: str, token: str) -> None:
        """Have this sent, unless it says nothing new; None ends the pushes. ``prefix``: of the URLs."""
        self._push, self._path, self._token = push, f"{prefix}{PUSH_PATH}", token
        self._offered.set()

    async def run(self) -> None:
        """Send what is offered, until cancelled."""
        while True:
            await self._offered.wait()
            self._offered.clear()
            try:
                sent = await self._send_offered()
            except Exception:
                _log.exception("%s: the push to the monitor failed", self._key)
                sent, self._failures = True, self._failures + 1
            if sent:
                await asyncio.sleep(_FAILED.pause(self._failures) if self._failures else PAUSE_SECONDS)

    async def _send_offered(self) -> bool:
        """Whether anything was sent, or tried to be."""
        push, pods = self._push, running_monitors(self._pods())
        if push is None or not pods or not self._token or not self._is_due(push, pods):
            return False
        body = mask_known_json(encoded(push).decode()).encode()
        results = await asyncio.gather(*(self._send(pod, body) for pod in pods))
        self._failures = 0 if all(results) else self._failures + 1
        if all(results):
            self._sent, self._sent_at = (_without_times(push), _uids(pods)), self._clock()
        return True

    async def _send(self, pod: Json, body: bytes) -> bool:
        try:
            await self._sink.send(pod, self._path, body, self._token)
        except PushError as error:
            self._counted("failed")
            # A monitor that starts does not listen yet; one that is away is not worth a line each time.
            level = logging.WARNING if self._failures == 3 else logging.DEBUG
            _log.log(level, "%s: pod %s did not take the push: %s", self._key, _name(pod), error)
            return False
        self._counted("taken")
        return True

    def _is_due(self, push: ResourcePush, pods: list[Json]) -> bool:
        if self._clock() - self._sent_at >= REPEAT_SECONDS:
            return True
        return self._sent != (_without_times(push), _uids(pods))


def running_monitors(pods: Iterable[Json]) -> list[Json]:
    """The pods of the monitor that have an address."""
    return [
        pod
        for pod in pods
        if pod["metadata"]["labels"].get(names.LABEL_COMPONENT) == names.COMPONENT_MONITOR
        and pod["status"].get("phase") == "Running"
        and pod["status"].get("podIP")
        and "deletionTimestamp" not in pod["metadata"]
    ]


def encoded(push: ResourcePush) -> bytes:
    """The push as JSON, within its size. Tasks go first, then pods, and at last Events and alerts. The counts
    still count all tasks and pods.
    """
    body = msgspec.json.encode(push)
    if len(body) > PUSH_BYTES:
        push = structs.replace(push, pods=tuple(_without_tasks(pod) for pod in push.pods))
        body = msgspec.json.encode(push)
    while len(body) > PUSH_BYTES and push.pods:
        push = structs.replace(push, pods=push.pods[: len(push.pods) // 2])
        body = msgspec.json.encode(push)
    if len(body) > PUSH_BYTES:
        body = msgspec.json.encode(structs.replace(push, events=(), alerts=()))
    return body


def _without_tasks(pod: PushedPod) -> PushedPod:
    return structs.replace(pod, worker=structs.replace(pod.worker, active=()) if pod.worker else None)


def _without_times(push: ResourcePush) -> ResourcePush:
    """The part of a push that says something new if it differs."""
    pods = tuple(
        structs.replace(pod, worker=structs.replace(pod.worker, age=0.0, memory_bytes=None))
        if pod.worker
        else pod
        for pod in push.pods
    )
    return structs.replace(push, taken_at=0.0, pods=pods)


def _uids(pods: list[Json]) -> frozenset[str]:
    return frozenset(pod["metadata"]["uid"] for pod in pods)


def _name(pod: Json) -> str:
    return str(pod["metadata"]["name"])
