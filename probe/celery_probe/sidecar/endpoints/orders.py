"""Orders to a sidecar: how their bodies are read, and the restart hold, the same for worker and beat."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from aiohttp import web

from celery_health.wire.answers import RestartHoldAnswer
from celery_health.wire.bounds import LONGEST_RESTART_HOLD
from celery_health.wire.documents import Format, UnreadableError
from celery_health.wire.orders import RESTART_HOLD_ORDER, RestartHoldBody
from celery_probe.sidecar.endpoints.access import authorized
from celery_probe.sidecar.endpoints.answers import Handler, answered, explained
from celery_probe.sidecar.orders.restart_hold import RestartHold
from celery_probe.sidecar.token import Token

Body = TypeVar("Body", bound=msgspec.Struct)


def with_body(form: Format[Body], advice: str, take: Callable[[Body], web.Response]) -> Handler:
    """``take`` with the decoded body. A body that cannot be read is answered with ``advice``."""

    async def answer(request: web.Request) -> web.Response:
        try:
            body = form.decode(await request.read())
        except (UnreadableError, web.HTTPRequestEntityTooLarge):
            return explained(400, "BadRequest", advice)
        return take(body)

    return answer


def restart_hold_order(restart_hold: RestartHold, token: Token) -> Handler:
    """Answers ``POST /restart-hold`` with the body ``{"seconds": N}``."""

    def take(order: RestartHoldBody) -> web.Response:
        restart_hold.set(order.seconds)
        return answered(202, RestartHoldAnswer(restart_hold.seconds_left()))

    advice = f'Send {{"seconds": N}} with N from 0 (end it) to {LONGEST_RESTART_HOLD:.0f}.'
    return authorized(token, with_body(RESTART_HOLD_ORDER, advice, take))
