"""Orders to a sidecar: who may give one, and the order to hold liveness, the same for worker and beat."""

import hmac
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from celery_probe.sidecar.hold import LONGEST_SECONDS, Hold

# The API server's pod proxy keeps Authorization for itself: through it the token comes in this header.
TOKEN_HEADER = "X-Celery-Probe-Token"  # noqa: S105 (the header's name, not a token)

Handler = Callable[[web.Request], Awaitable[web.Response]]


def said(status: int, reason: str, message: str) -> web.Response:
    """An answer that says why."""
    return web.json_response({"reason": reason, "message": message}, status=status)


def refusal(request: web.Request, token: str) -> web.Response | None:
    """Why this caller may give no order, None if it may. ``token`` is what it must show."""
    if not token:
        return said(
            403, "OrdersDisabled", "No CELERY_PROBE_TOKEN is set for this sidecar, so it takes no orders."
        )
    shown = _shown_token(request)
    if not shown:
        advice = f"Send the header 'Authorization: Bearer TOKEN' or '{TOKEN_HEADER}: TOKEN'."
        answer = said(401, "Unauthorized", advice)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    # Bytes: compare_digest refuses text outside ASCII.
    if not hmac.compare_digest(shown.encode(errors="replace"), token.encode()):
        return said(403, "Forbidden", "The token is not this sidecar's CELERY_PROBE_TOKEN.")
    return None


def hold_order(hold: Hold, token: str) -> Handler:
    """Answers ``POST /hold``: ``{"seconds": N}`` lets no verdict fail liveness for so long, 0 ends that."""

    async def answer(request: web.Request) -> web.Response:
        refused = refusal(request, token)
        if refused is not None:
            return refused
        seconds = _seconds(await request.read())
        if seconds is None:
            advice = f'Send {{"seconds": N}} with N from 0 (release) to {LONGEST_SECONDS:.0f}.'
            return said(400, "BadRequest", advice)
        hold.set(seconds)
        return web.json_response({"held_for": hold.left()}, status=202)

    return answer


def _shown_token(request: web.Request) -> str:
    if shown := request.headers.get(TOKEN_HEADER, "").strip():
        return shown
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    return shown.strip() if scheme.lower() == "bearer" else ""


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
