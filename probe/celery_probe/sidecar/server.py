"""The sidecar's HTTP endpoints. Every answer comes from memory; only a drain touches the shared volume."""

import hmac
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from celery_health.worker import WorkerVerdict
from celery_probe.sidecar.hold import LONGEST_SECONDS
from celery_probe.sidecar.metrics import CONTENT_TYPE, render
from celery_probe.sidecar.observer import Observer

# The observer looks several times a second: this long without a look, the sidecar itself is stuck.
OBSERVER_STALE_SECONDS = 5.0

Handler = Callable[[web.Request], Awaitable[web.Response]]


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
            web.post("/hold", _hold(observer, token)),
        ]
    )
    return app


def _probe(observer: Observer, passes: Callable[[WorkerVerdict], bool]) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        verdict = observer.verdict()
        return _said(200 if passes(verdict) else 503, verdict.reason, verdict.message)

    return answer


def _liveness(observer: Observer) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        verdict = observer.verdict()
        if verdict.live:
            return _said(200, verdict.reason, verdict.message)
        if observer.hold.left() is None:
            return _said(503, verdict.reason, verdict.message)
        return _said(200, verdict.reason, f"{verdict.message} (held)")

    return answer


def _own_health(observer: Observer) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        age = observer.look_age()
        if age > OBSERVER_STALE_SECONDS:
            return _said(503, "Stuck", f"The sidecar has not looked at the worker for {age:.0f} s.")
        return _said(200, "Serving", "The sidecar looks at the worker.")

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
        refusal = _refusal(request, token)
        if refusal is not None:
            return refusal
        try:
            observer.drain.set(wanted)
        except OSError as error:
            return _said(500, "NotWritten", f"The wish cannot be written: {error.strerror}.")
        return web.json_response({"drain_wanted": wanted}, status=202)

    return answer


def _hold(observer: Observer, token: str) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        refusal = _refusal(request, token)
        if refusal is not None:
            return refusal
        seconds = _seconds(await request.read())
        if seconds is None:
            advice = f'Send {{"seconds": N}} with N from 0 (release) to {LONGEST_SECONDS:.0f}.'
            return _said(400, "BadRequest", advice)
        observer.hold.set(seconds)
        return web.json_response({"held_for": observer.hold.left()}, status=202)

    return answer


def _seconds(body: bytes) -> float | None:
    """How long a hold is wished for; None where that cannot be read or is not allowed."""
    try:
        wish = json.loads(body)
    except (ValueError, RecursionError):
        return None
    seconds = wish.get("seconds") if isinstance(wish, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return seconds if 0 <= seconds <= LONGEST_SECONDS else None


def _refusal(request: web.Request, token: str) -> web.Response | None:
    """Why this caller may give no order, None if it may."""
    if not token:
        return _said(
            403, "DrainDisabled", "No CELERY_PROBE_TOKEN is set for this sidecar, so it takes no orders."
        )
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not shown:
        answer = _said(401, "Unauthorized", "Send the header 'Authorization: Bearer TOKEN'.")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    # Bytes: compare_digest refuses text outside ASCII.
    if not hmac.compare_digest(shown.strip().encode(errors="replace"), token.encode()):
        return _said(403, "Forbidden", "The token is not this sidecar's CELERY_PROBE_TOKEN.")
    return None


def _said(status: int, reason: str, message: str) -> web.Response:
    return web.json_response({"reason": reason, "message": message}, status=status)
