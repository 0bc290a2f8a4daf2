"""Runs the sidecar's server until it is told to stop."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from celery_probe.sidecar.beat_evidence import BeatEvidence
from celery_probe.sidecar.beat_observer import BeatObserver
from celery_probe.sidecar.broker_watch import BrokerWatch
from celery_probe.sidecar.drain import DrainWish
from celery_probe.sidecar.endpoints import probe_app
from celery_probe.sidecar.evidence import Evidence
from celery_probe.sidecar.observer import Observer
from celery_probe.sidecar.server import make_app
from celery_probe.sidecar.settings import Role, Settings

# A request is answered within milliseconds: whatever is open longer is an idle connection.
_SHUTDOWN_SECONDS = 0.2


class Looker(Protocol):
    """What keeps looking at the process in this pod."""

    def look(self) -> None:
        """Look once."""

    async def run(self) -> None:
        """Look again and again, until cancelled."""


async def serve(settings: Settings, listener: socket.socket) -> None:
    """Answer on ``listener`` until SIGTERM or SIGINT."""
    clock = time.monotonic
    broker = BrokerWatch(settings.broker_url, clock)
    app, looker = (_for_beat if settings.role is Role.BEAT else _for_worker)(settings, broker, clock)
    stopped = _stop_signal()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        looker.look()
        await web.SockSite(runner, listener).start()
        broker.start()
        await _until(stopped, looker)
    finally:
        broker.stop()
        await runner.cleanup()


def _for_worker(
    settings: Settings, broker: BrokerWatch, clock: Callable[[], float]
) -> tuple[web.Application, Looker]:
    directory = settings.run_directory
    observer = Observer(Evidence(directory, clock), broker, DrainWish(directory, clock), clock)
    return make_app(observer, settings.token), observer


def _for_beat(
    settings: Settings, broker: BrokerWatch, clock: Callable[[], float]
) -> tuple[web.Application, Looker]:
    observer = BeatObserver(BeatEvidence(settings.run_directory, clock), broker, clock)
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


async def _until(stopped: asyncio.Event, looker: Looker) -> None:
    """Wait for the stop signal, and raise if the looker fails: a sidecar that is blind must not answer."""
    looking = asyncio.create_task(looker.run())
    stopping = asyncio.create_task(stopped.wait())
    done, pending = await asyncio.wait({looking, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    if looking in done:
        looking.result()
