"""Runs the sidecar's server until a signal stops it."""

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiohttp import web

from celery_health.wire.names import Role
from celery_probe.sidecar.bounded_server import BoundedRunner
from celery_probe.sidecar.broker.checks import BrokerChecks
from celery_probe.sidecar.endpoints.process import probe_app
from celery_probe.sidecar.endpoints.worker import worker_app
from celery_probe.sidecar.observe.beat import BeatObserver
from celery_probe.sidecar.observe.evidence import BEAT_FILE, WORKER_FILE, ProcessEvidence
from celery_probe.sidecar.observe.process import ProcessObserver
from celery_probe.sidecar.observe.worker import WorkerObserver
from celery_probe.sidecar.orders.drain_request import DrainRequest
from celery_probe.sidecar.settings import Settings

# A request is answered within milliseconds: a connection that is open for longer is idle.
_SHUTDOWN_SECONDS = 0.2

T = TypeVar("T")
_Served = tuple[web.Application, ProcessObserver[Any]]


async def serve(settings: Settings, listener: socket.socket) -> None:
    """Answer on ``listener`` until SIGTERM or SIGINT."""
    async with serving(settings, listener) as observer:
        await until(_stop_signal().wait(), observer)


@asynccontextmanager
async def serving(settings: Settings, listener: socket.socket) -> AsyncIterator[ProcessObserver[Any]]:
    """Answer on ``listener`` in the block, as far as ``until`` runs there, from this observer."""
    clock = time.monotonic
    broker = BrokerChecks(settings.broker_url, clock)
    app, observer = (_for_beat if settings.role is Role.BEAT else _for_worker)(settings, broker, clock)
    runner = BoundedRunner(app, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        observer.refresh()
        await web.SockSite(runner, listener).start()
        broker.start()
        yield observer
    finally:
        broker.stop()
        await runner.cleanup()


def _for_worker(settings: Settings, broker: BrokerChecks, clock: Callable[[], float]) -> _Served:
    directory = settings.run_directory
    evidence = ProcessEvidence(directory, WORKER_FILE, clock)
    observer = WorkerObserver(evidence, broker, DrainRequest(directory, clock), clock)
    return worker_app(observer, settings.token), observer


def _for_beat(settings: Settings, broker: BrokerChecks, clock: Callable[[], float]) -> _Served:
    observer = BeatObserver(ProcessEvidence(settings.run_directory, BEAT_FILE, clock), broker, clock)
    return probe_app(observer, settings.token), observer


def listen(port: int) -> socket.socket:
    """A socket on all addresses of both families, or of IPv4 alone where the node has no IPv6.

    Raises:
        OSError: the port cannot be listened on.
    """
    if socket.has_dualstack_ipv6():
        return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("0.0.0.0", port))  # noqa: S104 (the kubelet comes from outside the pod)


def _stop_signal() -> asyncio.Event:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


async def until(end: Coroutine[Any, Any, T], observer: ProcessObserver[Any]) -> T:
    """Observe until ``end`` has its result.

    Raises if the observer fails: a sidecar without evidence must not answer.
    """
    observing = asyncio.create_task(observer.run())
    ending = asyncio.create_task(end)
    done, pending = await asyncio.wait({observing, ending}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    if observing in done:
        observing.result()
    return await ending
