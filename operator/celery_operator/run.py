"""One operator process from start to end: serve, lead, fill the caches, watch and loop."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from itertools import count

from celery_operator import handlers
from celery_operator.act.monitor_push import DirectPushSink, ProxyPushSink, PushSink
from celery_operator.act.orders import DirectSink, Orders, OrderSink, ProxySink
from celery_operator.act.probe_rollouts import ProbeRollouts
from celery_operator.backoff import Backoff
from celery_operator.bounded_body import peer_session
from celery_operator.cache import Cache
from celery_operator.dependencies import Dependencies
from celery_operator.kube import Kube, KubeError
from celery_operator.loops import ResourceLoops
from celery_operator.metrics import Metrics
from celery_operator.observe.sidecars import AnswerSource, DirectSource, ProxySource, Sidecars
from celery_operator.observe.sources import Sources
from celery_operator.process.api_server import load_configuration
from celery_operator.process.broker_access import broker_access
from celery_operator.process.leader import Leader
from celery_operator.process.loop_delay import LoopDelay
from celery_operator.process.server import Health, Server
from celery_operator.process.settings import Settings
from celery_operator.watchdog import Watchdog

FILL_BACKOFF = Backoff(first=1.0, limit=4.0)

_log = logging.getLogger(__name__)


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT.

    Raises LeaseLostError or WatchEndedError when the process must not go on, OSError when the port is taken,
    ``ConfigException`` when there is neither a service account nor a kubeconfig.
    """
    stop = asyncio.Event()
    _stop_on_signals(stop)
    configuration = await load_configuration()
    health, metrics = Health(), Metrics()
    async with AsyncExitStack() as stack:
        kube = await stack.enter_async_context(Kube(configuration, settings.request_timeout_seconds))
        session = await stack.enter_async_context(peer_session())
        server = Server(health, metrics, settings.port)
        stack.push_async_callback(server.stop)
        _log.info("serving on port %d", await server.start())
        delay = asyncio.create_task(LoopDelay(metrics.loop_delay.observe).run())
        stack.callback(delay.cancel)
        source: AnswerSource = DirectSource(session)
        sink: OrderSink = DirectSink(session)
        pushes: PushSink = DirectPushSink(session)
        if settings.report_access == "proxy":
            source, sink, pushes = ProxySource(kube), ProxySink(kube), ProxyPushSink(kube)
        leader = Leader(kube, settings.lease)
        access = await broker_access(settings.broker_networks, configuration.host)
        cache, sources = Cache(), Sources.of(Sidecars(source), access)
        rollouts = ProbeRollouts(
            cache, settings.probe_image, settings.probe_rollouts, changed=metrics.probe_rollouts
        )
        dependencies = Dependencies(settings, kube, cache, sources, Orders(sink), pushes, metrics, rollouts)
        await _until(stop, _lead(dependencies, leader, health, stop))
        await leader.release()


async def _lead(dependencies: Dependencies, leader: Leader, health: Health, stop: asyncio.Event) -> None:
    """Stand by, then lead for as long as the Lease is ours."""
    health.phase, health.ready = "standing by", True
    await leader.acquire()
    dependencies.metrics.leader.set(1)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(leader.keep())
            group.create_task(_work(dependencies, health, stop))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _work(dependencies: Dependencies, health: Health, stop: asyncio.Event) -> None:
    """Fill the caches, then watch and loop."""
    loops = ResourceLoops(dependencies)
    watchdog = Watchdog(dependencies.kube, dependencies.cache, dependencies.settings)
    health.phase, health.ready = "filling the caches", False
    await _fill(watchdog)
    health.ages, health.silent = loops.ages, lambda: watchdog.silent
    health.phase, health.ready = "leading", True
    loops.start_known()
    comparing = asyncio.create_task(watchdog.run(loops))
    try:
        await handlers.watch(
            handlers.registry(loops, dependencies.kube.configuration, watchdog.ask),
            dependencies.settings,
            # kopf takes the signals when it starts; they are ours.
            started=lambda: _stop_on_signals(stop),
        )
    finally:
        comparing.cancel()
        await loops.stop()


async def _fill(watchdog: Watchdog) -> None:
    """Try until it works: the API server may be down, or the CRD or a permission still to come."""
    for failures in count(1):
        try:
            await watchdog.fill()
        except KubeError as error:
            hint = (
                ": is the CRD installed, as by the chart or `kubectl apply -f crds/`?"
                if error.status == 404
                else ""
            )
            _log.warning("the caches cannot be filled yet: %s%s", error.message, hint)
            await asyncio.sleep(FILL_BACKOFF.pause(failures))
        else:
            return


async def _until(stop: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Do the work until it ends by itself, raising what it raises, or until ``stop`` is set."""
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
    finally:
        stopped.cancel()
        task.cancel()
        await asyncio.wait({task})


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
