"""Orders to a sidecar: which callers may give one, and the restart hold, the same for worker and beat."""

import hmac
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from aiohttp import web

from celery_health.wire.answers import ReasonAnswer, RestartHoldAnswer
from celery_health.wire.bounds import LONGEST_RESTART_HOLD, sentence
from celery_health.wire.documents import Format, UnreadableError
from celery_health.wire.names import TOKEN_HEADER, TOKEN_VARIABLE
from celery_health.wire.orders import RESTART_HOLD_ORDER, RestartHoldBody
from celery_probe.sidecar.orders.order_token import OrderToken
from celery_probe.sidecar.orders.restart_hold import RestartHold

Body = TypeVar("Body", bound=msgspec.Struct)
Handler = Callable[[web.Request], Awaitable[web.Response]]


def answered(status: int, document: msgspec.Struct) -> web.Response:
    """An answer with this document as its JSON body."""
    return web.Response(
        status=status, body=msgspec.json.encode(document), content_type="application/json", charset="utf-8"
    )


def explained(status: int, reason: str, message: str) -> web.Response:
    """An answer that says why."""
    return answered(status, ReasonAnswer(reason, sentence(message)))


def _refusal(request: web.Request, token: str) -> web.Response | None:
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


def authorized(token: OrderToken, take: Handler) -> Handler:
    """``take``, for callers that may give an order. Every order goes through here."""

    async def answer(request: web.Request) -> web.Response:
        refused = _refusal(request, token.current())
        return await take(request) if refused is None else refused

    return answer


def with_body(form: Format[Body], advice: str, take: Callable[[Body], web.Response]) -> Handler:
    """``take`` with the decoded body. A body that cannot be read is answered with ``advice``."""

    async def answer(request: web.Request) -> web.Response:
        try:
            body = form.decode(await request.read())
        except (UnreadableError, web.HTTPRequestEntityTooLarge):
            return explained(400, "BadRequest", advice)
        return take(body)

    return answer


def restart_hold_order(restart_hold: RestartHold, token: OrderToken) -> Handler:
    """Answers ``POST /restart-hold`` with the body ``{"seconds": N}``."""

    def take(order: RestartHoldBody) -> web.Response:
        restart_hold.set(order.seconds)
        return answered(202, RestartHoldAnswer(restart_hold.seconds_left()))

    advice = f'Send {{"seconds": N}} with N from 0 (end it) to {LONGEST_RESTART_HOLD:.0f}.'
    return authorized(token, with_body(RESTART_HOLD_ORDER, advice, take))


def _sent_token(request: web.Request) -> str:
    if sent := request.headers.get(TOKEN_HEADER, "").strip():
        return sent
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    return sent.strip() if scheme.lower() == "bearer" else ""
