"""Takes the pushes of the operator. The route is no part of the API, and has a token of its own."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from celery_health.wire.documents import UnreadableError
from celery_health.wire.resource_push import PUSH_BYTES, PUSH_TOKEN_HEADER, RESOURCE_PUSH, ResourcePush
from celery_monitor.web.bad_requests import reading_body
from celery_monitor.web.problems import ProblemError

_PART = 65536


@dataclass(frozen=True, kw_only=True)
class PushReceiver:
    """``token`` is what the operator must send; ``take`` gets each push that can be read."""

    token: str = field(repr=False)
    take: Callable[[ResourcePush], None]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer 202 once the push is taken."""
        sent = request.headers.get(PUSH_TOKEN_HEADER, "")
        # Bytes: compare_digest refuses text outside ASCII.
        if not hmac.compare_digest(sent.encode(errors="replace"), self.token.encode()):
            detail = f"Only the operator may push: send its token in the header {PUSH_TOKEN_HEADER}."
            raise ProblemError(401, detail)
        try:
            push = RESOURCE_PUSH.decode(await _body(request))
        except UnreadableError as error:
            raise ProblemError(400, str(error)) from None
        self.take(push)
        return web.Response(status=202)


async def _body(request: web.Request) -> bytes:
    """The body. Pushes may be larger than the bodies of the API."""
    body = bytearray()
    async with reading_body():
        async for part in request.content.iter_chunked(_PART):
            body += part
            if len(body) > PUSH_BYTES:
                raise ProblemError(413, f"A push has at most {PUSH_BYTES} bytes.")
    return bytes(body)
