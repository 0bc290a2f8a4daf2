"""Runs the sidecar's server until it is told to stop."""

import asyncio
import signal
import socket
import time

from aiohttp import web

from celery_probe.sidecar.broker_watch import BrokerWatch
from celery_probe.sidecar.drain import DrainWish
from celery_probe.sidecar.evidence import Evidence
from celery_probe.sidecar.observer import Observer
from celery_probe.sidecar.server import make_app
from celery_probe.sidecar.settings import Settings

# A request is answered within milliseconds: whatever is open longer is an idle connection.
_SHUTDOWN_SECONDS = 0.2


async def serve(settings: Settings, listener: socket.socket) -> None:
    """Answer on ``listener`` until SIGTERM or SIGINT."""
    clock = time.monotonic
    broker = BrokerWatch(settings.broker_url, clock)
    directory = settings.run_directory
    observer = Observer(Evidence(directory, clock), broker, DrainWish(directory), clock)
    stopped = _stop_signal()
    runner = web.AppRunner(
        make_app(observer, settings.token), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
    )
    await runner.setup()
    try:
        observer.look()
        await web.SockSite(runner, listener).start()
        broker.start()
        await _until(stopped, observer)
    finally:
        broker.stop()
        await runner.cleanup()


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


async def _until(stopped: asyncio.Event, observer: Observer) -> None:
    """Wait for the stop signal, and raise if the observer fails: a sidecar that is blind must not answer."""
    looking = asyncio.create_task(observer.run())
    stopping = asyncio.create_task(stopped.wait())
    done, pending = await asyncio.wait({looking, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    if looking in done:
        looking.result()
