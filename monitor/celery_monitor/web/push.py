"""Takes the pushes of the operator, and hands it what users request.

Both routes are no part of the API, and have a token of their own.
"""

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from aiohttp import web

from celery_health.wire.documents import Format, UnreadableError
from celery_health.wire.group_requests import OUTCOMES, WaitingRequests
from celery_health.wire.resource_push import PUSH_TOKEN_HEADER, RESOURCE_PUSH, ResourcePush
from celery_monitor.live.group_requests import GroupRequests
from celery_monitor.web.bad_requests import reading_body
from celery_monitor.web.problems import ProblemError

_PART = 65536

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, kw_only=True)
class PushReceiver:
    """``token`` is what the operator must send; ``take`` gets each push that can be read.

    ``requests``: what users have asked of the operator. ``clock``: Unix time in seconds.
    """

    token: str = field(repr=False)
    take: Callable[[ResourcePush], None]
    requests: GroupRequests = field(default_factory=GroupRequests)
    clock: Callable[[], float] = time.time

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer 202 once the push is taken."""
        self.take(await self._read(request, RESOURCE_PUSH))
        return web.Response(status=202)

    async def handle_requests(self, request: web.Request) -> web.StreamResponse:
        """Take outcomes, and answer with the requests that wait."""
        reported = await self._read(request, OUTCOMES)
        now = self.clock()
        self.requests.note(reported.outcomes, now)
        body = msgspec.json.encode(WaitingRequests(requests=self.requests.waiting(now)))
        return web.Response(status=202, body=body, content_type="application/json")

    async def _read(self, request: web.Request, expected: Format[T]) -> T:
        sent = request.headers.get(PUSH_TOKEN_HEADER, "")
        # Bytes: compare_digest refuses text outside ASCII.
        if not hmac.compare_digest(sent.encode(errors="replace"), self.token.encode()):
            detail = f"Only the operator may push: send its token in the header {PUSH_TOKEN_HEADER}."
            raise ProblemError(401, detail)
        try:
            return expected.decode(await _body(request, expected))
        except UnreadableError as error:
            raise ProblemError(400, str(error)) from None


async def _body(request: web.Request, expected: Format[T]) -> bytes:
    """The body. Pushes may be larger than the bodies of the API."""
    body = bytearray()
    async with reading_body():
        async for part in request.content.iter_chunked(_PART):
            body += part
            if len(body) > expected.largest:
                raise ProblemError(413, f"A {expected.name} has at most {expected.largest} bytes.")
    return bytes(body)
