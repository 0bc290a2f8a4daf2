"""The HTTP endpoints of beat's sidecar. Every answer comes from memory; the only order is to hold."""

from collections.abc import Callable

from aiohttp import web

from celery_health.beat import BeatVerdict
from celery_probe.sidecar.beat_metrics import render
from celery_probe.sidecar.beat_observer import BeatObserver
from celery_probe.sidecar.metrics import CONTENT_TYPE
from celery_probe.sidecar.orders import Handler, hold_order, said
from celery_probe.sidecar.server import OBSERVER_STALE_SECONDS


def make_beat_app(observer: BeatObserver, token: str) -> web.Application:
    """The application. ``token`` is what orders must show; empty, nobody may give one."""
    app = web.Application()
    app.add_routes(
        [
            web.get("/startupz", _probe(observer, lambda verdict: verdict.started)),
            web.get("/livez", _liveness(observer)),
            web.get("/readyz", _probe(observer, lambda verdict: verdict.ready)),
            web.get("/healthz", _own_health(observer)),
            web.get("/report", _report(observer)),
            web.get("/metrics", _metrics(observer)),
            web.post("/hold", hold_order(observer.hold, token)),
        ]
    )
    return app


def _probe(observer: BeatObserver, passes: Callable[[BeatVerdict], bool]) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        verdict = observer.verdict()
        return said(200 if passes(verdict) else 503, verdict.reason, verdict.message)

    return answer


def _liveness(observer: BeatObserver) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        verdict = observer.verdict()
        held = not verdict.live and observer.hold.left() is not None
        message = f"{verdict.message} (held)" if held else verdict.message
        return said(200 if verdict.live or held else 503, verdict.reason, message)

    return answer


def _own_health(observer: BeatObserver) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        age = observer.look_age()
        if age > OBSERVER_STALE_SECONDS:
            return said(503, "Stuck", f"The sidecar has not looked at beat for {age:.0f} s.")
        return said(200, "Serving", "The sidecar looks at beat.")

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
