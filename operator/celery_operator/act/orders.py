"""Sends orders to sidecars. An order that is lost is sent again at the next reconcile."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

import aiohttp

from celery_health.redaction import redact
from celery_health.wire.bounds import ANSWER_BYTES
from celery_health.wire.names import TOKEN_HEADER
from celery_operator.decide.orders import Order
from celery_operator.kinds import Json
from celery_operator.kube import Kube, KubeError
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

_log = logging.getLogger(__name__)


_CAUSE_LENGTH = 200


class OrderError(Exception):
    """A sidecar did not take an order. The message is the cause, without secrets."""

    def __init__(self, cause: str) -> None:
        super().__init__(redact(cause)[:_CAUSE_LENGTH])


class OrderSink(Protocol):
    """Sends one order to one pod's sidecar."""

    async def send(self, pod: Json, path: str, body: Json, token: str) -> None:
        """Raises OrderError when it is not taken in time."""


class DirectSink:
    """To the pod's own address: the way inside the cluster."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)

    async def send(self, pod: Json, path: str, body: Json, token: str) -> None:
        """Send it to the pod's own address."""
        try:
            async with self._session.post(
                direct_url(pod, path),
                json=body,
                headers={TOKEN_HEADER: token},
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                if response.status != 202:
                    raise OrderError(refusal_of(response.status))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise OrderError(cause_of(error)) from error


class ProxySink:
    """Through the API server's pod proxy, which keeps the Authorization header for itself."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    async def send(self, pod: Json, path: str, body: Json, token: str) -> None:
        """Send it through the API server."""
        try:
            await self._kube.post_proxied(
                proxy_path(pod, path), body, {TOKEN_HEADER: token}, TIMEOUT_SECONDS, ANSWER_BYTES
            )
        except KubeError as error:
            raise OrderError(error.message) from error


class Orders:
    """All orders to sidecars. Each CeleryDeployment has its share of those that are sent at a time."""

    def __init__(self, sink: OrderSink) -> None:
        self._sink = sink
        self._slots = Slots(AT_ONCE, AT_ONCE_OF_ONE)

    async def send(self, orders: Sequence[Order], pods: Mapping[str, Json], token: str) -> Mapping[str, str]:
        """Send all; ``pods`` are by uid. Returns, by uid, why a pod did not take an order.

        An order that is not taken is sent again at the next reconcile.
        """
        known = [(order, pods[order.uid]) for order in orders if order.uid in pods]
        causes = await asyncio.gather(*(self._send_one(order, pod, token) for order, pod in known))
        return {order.uid: cause for (order, _), cause in zip(known, causes, strict=True) if cause}

    async def _send_one(self, order: Order, pod: Json, token: str) -> str:
        """Why the order was not taken; empty if it was."""
        try:
            async with self._slots.slot():
                await self._sink.send(pod, order.path, dict(order.body), token)
        except OrderError as error:
            _log.warning("pod %s did not take the order %s: %s", order.pod, order.path, error)
            return str(error)
        return ""
