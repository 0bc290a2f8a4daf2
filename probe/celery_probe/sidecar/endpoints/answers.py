"""What all answers in JSON have in common."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from celery_health.wire.answers import ReasonAnswer
from celery_health.wire.bounds import sentence

Handler = Callable[[web.Request], Awaitable[web.Response]]


def answered(status: int, document: msgspec.Struct) -> web.Response:
    """An answer with this document as its JSON body."""
    return web.Response(
        status=status, body=msgspec.json.encode(document), content_type="application/json", charset="utf-8"
    )


def explained(status: int, reason: str, message: str) -> web.Response:
    """An answer that says why."""
    return answered(status, ReasonAnswer(reason, sentence(message)))
