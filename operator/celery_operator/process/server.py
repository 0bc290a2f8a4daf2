"""/livez, /readyz and /metrics: the operator is alive while its loops come round and its watches bring."""

from collections.abc import Callable, Mapping

from aiohttp import web

from celery_operator.cache import Key
from celery_operator.metrics import CONTENT_TYPE, Metrics

STUCK_AFTER_SECONDS = 90.0
"""Longer than the longest pause after failures and a step that uses up its whole limit."""


class Health:
    """What the endpoints answer from; the process fills it in as it comes up."""

    def __init__(self) -> None:
        self.phase = "starting"
        self.ready = False
        self.ages: Callable[[], Mapping[Key, float]] = dict
        self.silent: Callable[[], str] = str

    def failure(self) -> str:
        """Why the process should be restarted; empty while it should not."""
        if silent := self.silent():
            return silent
        stuck = [f"{key} ({age:.0f} s)" for key, age in self.ages().items() if age > STUCK_AFTER_SECONDS]
        return f"loops that do not come round: {', '.join(sorted(stuck)[:5])}" if stuck else ""


class Server:
    """The HTTP server, on every address."""

    def __init__(self, health: Health, metrics: Metrics, port: int) -> None:
        self._health = health
        self._metrics = metrics
        self._port = port
        app = web.Application()
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics_text)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)

    async def start(self) -> int:
        """Listen; the port. Raises OSError when it is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, port=self._port).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Answer no more."""
        await self._runner.cleanup()

    async def _livez(self, _: web.Request) -> web.Response:
        failure = self._health.failure()
        return _answer(not failure, failure or self._health.phase)

    async def _readyz(self, _: web.Request) -> web.Response:
        return _answer(self._health.ready, self._health.phase)

    async def _metrics_text(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})


def _answer(good: bool, text: str) -> web.Response:
    return web.Response(status=200 if good else 503, text=text + "\n")
