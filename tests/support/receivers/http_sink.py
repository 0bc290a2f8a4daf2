"""A receiver of webhooks that answers as the test says, and keeps what it received."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class HttpSink:
    """``url`` is where it listens. It answers with ``status`` and ``headers``, or never."""

    url: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    received: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Keep the request, and answer."""
        self.received.append((request.headers.copy(), await request.read()))
        if self.silent:
            await asyncio.Event().wait()
        return web.Response(status=self.status, headers=self.headers, text="planted-answer")


@asynccontextmanager
async def http_sink(
    context: ssl.SSLContext | None = None, host: str = "127.0.0.1", **answer: Any
) -> AsyncIterator[HttpSink]:
    """A sink on a port of its own; ended when the block ends."""
    sink = HttpSink(**answer)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", sink.take)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, host, 0, ssl_context=context)
    try:
        await site.start()
        port = runner.addresses[0][1]
        sink.url = f"{'https' if context else 'http'}://{host}:{port}"
        yield sink
    finally:
        await runner.cleanup()
