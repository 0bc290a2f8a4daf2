"""The sidecar's HTTP endpoints. Every answer comes from memory; only a drain touches the shared volume."""

from collections.abc import Callable

from aiohttp import web

from celery_health.worker import WorkerVerdict
from celery_probe.sidecar.metrics import CONTENT_TYPE, render
from celery_probe.sidecar.observer import Observer
from celery_probe.sidecar.orders import Handler, hold_order, refusal, said

# The observer looks several times a second: this long without a look, the sidecar itself is stuck.
OBSERVER_STALE_SECONDS = 5.0


def make_app(observer: Observer, token: str) -> web.Application:
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
            web.post("/drain", _drain(observer, token, wanted=True)),
            web.post("/undrain", _drain(observer, token, wanted=False)),
            web.post("/hold", hold_order(observer.hold, token)),
        ]
    )
    return app


def _probe(observer: Observer, passes: Callable[[WorkerVerdict], bool]) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        verdict = observer.verdict()
        return said(200 if passes(verdict) else 503, verdict.reason, verdict.message)

    return answer


def _liveness(observer: Observer) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        verdict = observer.verdict()
        if verdict.live:
            return said(200, verdict.reason, verdict.message)
        if observer.hold.left() is None:
            return said(503, verdict.reason, verdict.message)
        return said(200, verdict.reason, f"{verdict.message} (held)")

    return answer


def _own_health(observer: Observer) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        age = observer.look_age()
        if age > OBSERVER_STALE_SECONDS:
            return said(503, "Stuck", f"The sidecar has not looked at the worker for {age:.0f} s.")
        return said(200, "Serving", "The sidecar looks at the worker.")

    return answer


def _report(observer: Observer) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(observer.report())

    return answer


def _metrics(observer: Observer) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        text = render(observer.numbers())
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})

    return answer


def _drain(observer: Observer, token: str, *, wanted: bool) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        refused = refusal(request, token)
        if refused is not None:
            return refused
        try:
            observer.drain.set(wanted)
        except OSError as error:
            return said(500, "NotWritten", f"The wish cannot be written: {error.strerror}.")
        return web.json_response({"drain_wanted": wanted}, status=202)

    return answer
