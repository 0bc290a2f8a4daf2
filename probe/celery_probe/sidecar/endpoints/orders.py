"""Orders to a sidecar: which callers may give one, and the restart hold, the same for worker and beat."""

import hmac
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from celery_health.wire.answers import ReasonAnswer, RestartHoldAnswer
from celery_health.wire.bounds import LONGEST_RESTART_HOLD, sentence
from celery_health.wire.documents import UnreadableError
from celery_health.wire.names import TOKEN_HEADER, TOKEN_VARIABLE
from celery_health.wire.orders import RESTART_HOLD_ORDER
from celery_probe.sidecar.orders.restart_hold import RestartHold

Handler = Callable[[web.Request], Awaitable[web.Response]]


def answered(status: int, document: msgspec.Struct) -> web.Response:
    """An answer with this document as its JSON body."""
    return web.Response(
        status=status, body=msgspec.json.encode(document), content_type="application/json", charset="utf-8"
    )


def explained(status: int, reason: str, message: str) -> web.Response:
    """An answer that says why."""
    return answered(status, ReasonAnswer(reason, sentence(message)))


def refusal(request: web.Request, token: str) -> web.Response | None:
    """Why this caller may give no order, None if it may. ``token`` is the token that it must send."""
    if not token:
        return explained(
            403, "OrdersDisabled", f"No {TOKEN_VARIABLE} is set for this sidecar, so it takes no orders."
        )
    sent = _sent_token(request)
    if not sent:
        advice = f"Send the header 'Authorization: Bearer TOKEN' or '{TOKEN_HEADER}: TOKEN'."
        answer = explained(401, "Unauthorized", advice)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    # Bytes: compare_digest refuses text outside ASCII.
    if not hmac.compare_digest(sent.encode(errors="replace"), token.encode()):
        return explained(403, "Forbidden", f"The token is not this sidecar's {TOKEN_VARIABLE}.")
    return None


def restart_hold_order(restart_hold: RestartHold, token: str) -> Handler:
    """Answers ``POST /restart-hold`` with the body ``{"seconds": N}``."""

    async def answer(request: web.Request) -> web.Response:
        refused = refusal(request, token)
        if refused is not None:
            return refused
        try:
            order = RESTART_HOLD_ORDER.decode(await request.read())
        except (UnreadableError, web.HTTPRequestEntityTooLarge):
            advice = f'Send {{"seconds": N}} with N from 0 (end it) to {LONGEST_RESTART_HOLD:.0f}.'
            return explained(400, "BadRequest", advice)
        restart_hold.set(order.seconds)
        return answered(202, RestartHoldAnswer(restart_hold.seconds_left()))

    return answer


def _sent_token(request: web.Request) -> str:
    if sent := request.headers.get(TOKEN_HEADER, "").strip():
        return sent
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    return sent.strip() if scheme.lower() == "bearer" else ""
