"""A webhook and a mail server for tests that run no event loop of their own."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

from tests.support.receivers.http_sink import HttpSink, http_sink
from tests.support.receivers.smtp_sink import SmtpSink, smtp_sink

START_SECONDS = 30.0


@dataclass(frozen=True)
class Receivers:
    """Both listen at ``host``. The mail server has neither encryption nor a login."""

    host: str
    webhook: HttpSink
    mail: SmtpSink


@contextmanager
def receivers(host: str) -> Iterator[Receivers]:
    """Both, in a thread that ends with the block."""
    running: Future[tuple[Receivers, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        end = asyncio.Event()
        async with http_sink(host=host) as webhook, smtp_sink(host=host) as mail:
            running.set_result((Receivers(host, webhook, mail), asyncio.get_running_loop(), end))
            await end.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if running.done():
                raise
            running.set_exception(error)

    thread = Thread(target=run, name="receivers")
    thread.start()
    found, loop, end = running.result(START_SECONDS)
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(START_SECONDS)
        assert not thread.is_alive()
