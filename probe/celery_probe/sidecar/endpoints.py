"""The HTTP endpoints of every sidecar. Every answer comes from memory."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from celery_health.verdicts.beat import BeatVerdict
from celery_health.verdicts.worker import WorkerVerdict
from celery_probe.sidecar.exposition import CONTENT_TYPE
from celery_probe.sidecar.orders import Handler, hold_order, said
from celery_probe.sidecar.process_observer import ProcessObserver

# The observer looks several times a second: this long without a look, the sidecar itself is stuck.
OBSERVER_STALE_SECONDS = 5.0

_Observer = ProcessObserver[Any]


def probe_app(observer: _Observer, token: str) -> web.Application:
    """The application: all of beat's. ``token`` is what orders must show; empty, nobody may give one."""
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


def _probe(observer: _Observer, passes: Callable[[WorkerVerdict | BeatVerdict], bool]) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        verdict = observer.verdict()
        return said(200 if passes(verdict) else 503, verdict.reason, verdict.message)

    return answer


def _liveness(observer: _Observer) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        verdict = observer.verdict()
        if verdict.live:
            return said(200, verdict.reason, verdict.message)
        if observer.hold.left() is None:
            return said(503, verdict.reason, verdict.message)
        return said(200, verdict.reason, f"{verdict.message} (held)")

    return answer


def _own_health(observer: _Observer) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        age = observer.look_age()
        if age > OBSERVER_STALE_SECONDS:
            return said(503, "Stuck", f"The sidecar has not looked at {observer.subject} for {age:.0f} s.")
        return said(200, "Serving", f"The sidecar looks at {observer.subject}.")

    return answer


def _report(observer: _Observer) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(observer.report())

    return answer


def _metrics(observer: _Observer) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=observer.metrics().encode(), headers={"Content-Type": CONTENT_TYPE})

    return answer
