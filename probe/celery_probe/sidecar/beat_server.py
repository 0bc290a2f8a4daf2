"""The HTTP endpoints of beat's sidecar. Every answer comes from memory; there is nothing to order."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from celery_health.beat import BeatVerdict
from celery_probe.sidecar.beat_metrics import render
from celery_probe.sidecar.beat_observer import BeatObserver
from celery_probe.sidecar.metrics import CONTENT_TYPE
from celery_probe.sidecar.server import OBSERVER_STALE_SECONDS

Handler = Callable[[web.Request], Awaitable[web.Response]]


def make_beat_app(observer: BeatObserver) -> web.Application:
    """The application."""
    app = web.Application()
    app.add_routes(
        [
            web.get("/startupz", _probe(observer, lambda verdict: verdict.started)),
            web.get("/livez", _probe(observer, lambda verdict: verdict.live)),
            web.get("/readyz", _probe(observer, lambda verdict: verdict.ready)),
            web.get("/healthz", _own_health(observer)),
            web.get("/report", _report(observer)),
            web.get("/metrics", _metrics(observer)),
        ]
    )
    return app


def _probe(observer: BeatObserver, passes: Callable[[BeatVerdict], bool]) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        verdict = observer.verdict()
        return _said(200 if passes(verdict) else 503, verdict.reason, verdict.message)

    return answer


def _own_health(observer: BeatObserver) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        age = observer.look_age()
        if age > OBSERVER_STALE_SECONDS:
            return _said(503, "Stuck", f"The sidecar has not looked at beat for {age:.0f} s.")
        return _said(200, "Serving", "The sidecar looks at beat.")

    return answer


def _report(observer: BeatObserver) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(observer.report())

    return answer


def _metrics(observer: BeatObserver) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        text = render(observer.numbers())
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})

    return answer


def _said(status: int, reason: str, message: str) -> web.Response:
    return web.json_response({"reason": reason, "message": message}, status=status)
