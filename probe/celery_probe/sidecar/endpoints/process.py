"""The HTTP endpoints of every sidecar. Every answer comes from memory, but for the task metrics."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from celery_health.exposition import TextFormat, accepted_format, render
from celery_health.verdicts.beat import BeatVerdict
from celery_health.verdicts.worker import WorkerVerdict
from celery_health.wire.bounds import QUARANTINE_BYTES
from celery_health.wire.names import (
    LIVENESS_PATH,
    METRICS_PATH,
    READINESS_PATH,
    REPORT_PATH,
    RESTART_HOLD_PATH,
    SIDECAR_HEALTH_PATH,
    STARTUP_PATH,
)
from celery_probe.sidecar.endpoints.access import authorized
from celery_probe.sidecar.endpoints.answers import Handler, answered, explained
from celery_probe.sidecar.endpoints.orders import restart_hold_order
from celery_probe.sidecar.endpoints.shared_text import SharedText
from celery_probe.sidecar.observe.process import ProcessObserver
from celery_probe.sidecar.token import Token

# The evidence is refreshed several times a second: if it is older than this, the sidecar itself is stuck.
EVIDENCE_STALE_SECONDS = 5.0

_Observer = ProcessObserver[Any]


def probe_app(observer: _Observer, token: Token) -> web.Application:
    """The application: all of beat's.

    The report, which names tasks, and orders need ``token``; if it is empty, they are refused.
    """
    app = web.Application(client_max_size=QUARANTINE_BYTES)
    app.add_routes(
        [
            web.get(STARTUP_PATH, _probe(observer, lambda verdict: verdict.started)),
            web.get(LIVENESS_PATH, _liveness(observer)),
            web.get(READINESS_PATH, _probe(observer, lambda verdict: verdict.ready)),
            web.get(SIDECAR_HEALTH_PATH, _own_health(observer)),
            web.get(REPORT_PATH, authorized(token, _report(observer))),
            web.get(METRICS_PATH, _metrics(observer)),
            web.post(RESTART_HOLD_PATH, restart_hold_order(observer.restart_hold, token)),
        ]
    )
    return app


def _probe(observer: _Observer, passes: Callable[[WorkerVerdict | BeatVerdict], bool]) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        verdict = observer.verdict()
        return explained(200 if passes(verdict) else 503, verdict.reason, verdict.message)

    return answer


def _liveness(observer: _Observer) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        verdict = observer.verdict()
        if verdict.live:
            return explained(200, verdict.reason, verdict.message)
        if observer.restart_hold.seconds_left() is None:
            return explained(503, verdict.reason, verdict.message)
        return explained(200, verdict.reason, f"{verdict.message} (restart hold)")

    return answer


def _own_health(observer: _Observer) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        age = observer.seconds_since_refresh()
        if age > EVIDENCE_STALE_SECONDS:
            message = f"The sidecar has not checked {observer.subject} for {age:.0f} s."
            return explained(503, "Stuck", message)
        return explained(200, "Serving", f"The sidecar checks {observer.subject}.")

    return answer


def _report(observer: _Observer) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        return answered(200, observer.answer())

    return answer


def _metrics(observer: _Observer) -> Handler:
    def in_form(form: TextFormat) -> SharedText:
        return SharedText(lambda: render(observer.metrics(), form).encode())

    texts = {form: in_form(form) for form in TextFormat}

    async def answer(request: web.Request) -> web.Response:
        form = accepted_format(request.headers.get("Accept", ""))
        body = await texts[form].get()
        return web.Response(body=body, headers={"Content-Type": form.value})

    return answer
