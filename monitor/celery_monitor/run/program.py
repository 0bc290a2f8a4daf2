"""One monitor from start to end."""

import asyncio
import gc
import logging
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import TypeVar

import click
from aiohttp import web

from celery_monitor.history import History, HistoryError, HistoryOptions
from celery_monitor.run.connecting import connect, first_attempt
from celery_monitor.run.listening import listen, url_of
from celery_monitor.run.parts import Parts, make_parts
from celery_monitor.run.problem import StartError
from celery_monitor.settings import Settings
from celery_monitor.web.application import create_application
from celery_monitor.web.serving import make_runner

SHUTDOWN_SECONDS = 1.0
"""How long requests that are being answered may take at the end."""
FLUSH_SECONDS = 3.0
"""How long the last writing may take at the end."""

T = TypeVar("T")

_log = logging.getLogger("celery_monitor")


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        StartError: the monitor cannot start with these settings.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(listen(settings.server))
        history = _history(settings)
        stack.push_async_callback(_close, history)
        parts = make_parts(settings, history, time.time)
        stack.push_async_callback(_flush, parts)
        connecting = asyncio.create_task(connect(history))
        stack.push_async_callback(_cancel, connecting)
        await _until(stop, lambda: first_attempt(history, connecting))
        if stop.is_set():
            return
        await _serve(settings, parts, listener, stack)
        # All that was made until now stays: a full collection need not go through it, which takes 50 ms.
        gc.collect()
        gc.freeze()
        await _until(stop, lambda: _run_parts(parts, connecting))
    _log.info("ended")


def _history(settings: Settings) -> History:
    given = settings.history
    options = HistoryOptions(
        schema=given.schema, keep_days=given.retention_days, keep_tasks=given.retention_tasks
    )
    try:
        return History(given.url, options)
    except HistoryError as error:
        raise StartError(f"{error}.") from None


async def _serve(settings: Settings, parts: Parts, listener: socket.socket, stack: AsyncExitStack) -> None:
    """Answer requests until the stack ends."""
    runner = make_runner(create_application(parts.services), SHUTDOWN_SECONDS)
    stack.push_async_callback(parts.services.application.close)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listener).start()
    url = url_of(listener, settings.server)
    _log.info("the monitor of %s listens at %s", settings.connection.broker.address, url)
    _print_login_link(settings, parts, url)


def _print_login_link(settings: Settings, parts: Parts, url: str) -> None:
    if settings.access.login_link or not settings.access.configured:
        secret = parts.services.access.links.make()
        click.echo(f"Log in at {url}/login/{secret}\nThe link works once, within 10 minutes.")


async def _run_parts(parts: Parts, connecting: asyncio.Task[None]) -> None:
    """Run for ever. A history that turns out to be of no use ends the monitor."""
    running = asyncio.create_task(parts.supervisor.run())
    try:
        done, _ = await asyncio.wait({running, connecting}, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        await _cancel(running)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def _until(stop: asyncio.Event, work: Callable[[], Awaitable[T]]) -> T | None:
    """The result of the work, or None if ``stop`` is set before; the work is cancelled then."""
    task, stopped = asyncio.ensure_future(work()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        stopped.cancel()
        task.cancel()
        await asyncio.wait({task, stopped})


async def _flush(parts: Parts) -> None:
    """Hand the last changes to the history."""
    with suppress(TimeoutError):
        async with asyncio.timeout(FLUSH_SECONDS):
            await parts.flusher.flush()


async def _close(history: History) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(FLUSH_SECONDS):
            await history.close()
    if lost := history.status().buffered:
        _log.warning("the database does not answer: %d tasks are not in the history", lost)
