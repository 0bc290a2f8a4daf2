"""Runs the sidecar's server until a signal stops it."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from celery_health.wire.names import Role
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

_Served = tuple[web.Application, ProcessObserver[Any]]


async def serve(settings: Settings, listener: socket.socket) -> None:
    """Answer on ``listener`` until SIGTERM or SIGINT."""
    clock = time.monotonic
    broker = BrokerChecks(settings.broker_url, clock)
    app, observer = (_for_beat if settings.role is Role.BEAT else _for_worker)(settings, broker, clock)
    stopped = _stop_signal()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        observer.refresh()
        await web.SockSite(runner, listener).start()
        broker.start()
        await _until(stopped, observer)
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


async def _until(stopped: asyncio.Event, observer: ProcessObserver[Any]) -> None:
    """Wait for the stop signal. Raises if the observer fails: a sidecar without evidence must not answer."""
    observing = asyncio.create_task(observer.run())
    stopping = asyncio.create_task(stopped.wait())
    done, pending = await asyncio.wait({observing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    if observing in done:
        observing.result()
