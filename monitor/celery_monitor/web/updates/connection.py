"""One WebSocket: reads what the client asks, sends what changes, and closes in time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from pydantic import ValidationError

from celery_monitor.history import parse_filter
from celery_monitor.web.identity.caller import Caller
from celery_monitor.web.updates.feeds.feeds import FullError, Subject
from celery_monitor.web.updates.hub import MAX_SUBSCRIPTIONS, Hub
from celery_monitor.web.updates.protocol import (
    CLIENT_MESSAGE,
    MAX_MESSAGE_BYTES,
    SHORTEST_INTERVAL,
    CloseCode,
    Problem,
    Resume,
    SetInterval,
    Subscribe,
    Topic,
    Unsubscribe,
)
from celery_monitor.web.updates.session import error

PING_SECONDS = 60.0
"""A client that answers no ping for half of this time is gone."""
CHECK_SECONDS = 10.0
"""How often the credential is checked again."""
CLOSE_SECONDS = 1.0
"""How long a client may take to confirm the end."""
MESSAGES_A_SECOND = 10.0
MESSAGES_AT_ONCE = 50

_log = logging.getLogger(__name__)

_LEFT = frozenset({WSCloseCode.OK, WSCloseCode.GOING_AWAY})
"""The codes of clients that do not come back."""
_ENDED = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})


def new_socket() -> web.WebSocketResponse:
    """A WebSocket with the bounds of this module. Each message is prepared once: none is compressed."""
    return web.WebSocketResponse(
        heartbeat=PING_SECONDS,
        timeout=CLOSE_SECONDS,
        max_msg_size=MAX_MESSAGE_BYTES,
        compress=False,
        autoping=False,
    )


class Connection:
    """Serves one client. ``still_valid``: whether the client's credential still has a role."""

    def __init__(
        self,
        hub: Hub,
        socket: web.WebSocketResponse,
        *,
        transport: asyncio.Transport | None,
        caller: Caller,
        still_valid: Callable[[], Awaitable[bool]],
        clock: Callable[[], float],
    ) -> None:
        self._hub = hub
        self._socket = socket
        self._transport = transport
        self._caller = caller
        self._still_valid = still_valid
        self._clock = clock
        self._session = hub.connect(caller, self)
        self._answers: list[bytes] = []
        self._awake = asyncio.Event()
        self._due = False
        self._left = False
        self._end: asyncio.Future[CloseCode] = asyncio.get_running_loop().create_future()
        self._resumable = True
        self._allowance = float(MESSAGES_AT_ONCE)
        self._counted_at = asyncio.get_running_loop().time()

    def wake(self, *, due: bool) -> None:
        """There may be something to send."""
        self._due = self._due or due
        self._awake.set()

    def end(self, code: CloseCode) -> None:
        """Close the connection."""
        if not self._end.done():
            self._end.set_result(code)

    async def serve(self) -> None:
        """Serve the client until either side ends the connection."""
        self._answer(self._session.hello(self._clock(), resumed=False))
        work = [asyncio.create_task(part()) for part in (self._receive, self._send, self._watch)]
        waiting: list[asyncio.Future[Any]] = [*work, self._end]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.leave(self._session, self, for_good=self._left)
            for task in work:
                task.cancel()
            results = await asyncio.gather(*work, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, ConnectionError):
                _log.error("A WebSocket failed", exc_info=result)
        if self._end.done():
            await self._close(self._end.result())
        elif not self._socket.closed:
            await self._close(CloseCode.FAILED)

    async def _close(self, code: CloseCode) -> None:
        try:
            async with asyncio.timeout(2 * CLOSE_SECONDS):
                await self._socket.close(code=code.code, message=code.encode())
        except TimeoutError:
            # The client reads nothing.
            if self._transport is not None:
                self._transport.abort()

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            if message.type in _ENDED:
                # Without a close frame the network may have failed, and the client comes back.
                self._left = message.type is WSMsgType.CLOSE and message.data in _LEFT
                return
            if not self._counts():
                self.end(CloseCode.POLICY)
                return
            await self._handle(message)

    async def _handle(self, message: WSMessage) -> None:
        if message.type is WSMsgType.PING:
            await self._socket.pong(message.data)
        elif message.type is WSMsgType.TEXT:
            self._read(message.data)
        elif message.type is WSMsgType.BINARY:
            self._answer(error(None, Problem.INVALID, "Send JSON in text messages, not in binary ones."))

    def _counts(self) -> bool:
        """Count one message. False: the client has sent too many."""
        now = asyncio.get_running_loop().time()
        earned = (now - self._counted_at) * MESSAGES_A_SECOND
        self._allowance = min(float(MESSAGES_AT_ONCE), self._allowance + earned) - 1
        self._counted_at = now
        return self._allowance >= 0

    def _read(self, text: str) -> None:
        try:
            message = CLIENT_MESSAGE.validate_json(text)
        except ValidationError as invalid:
            self._answer(error(None, Problem.INVALID, _what_is_wrong(invalid)))
            return
        match message:
            case Subscribe():
                self._subscribe(message)
            case Unsubscribe():
                self._hub.unsubscribe(self._session, message.id)
            case SetInterval():
                quarters = round(message.seconds / SHORTEST_INTERVAL)
                self._session.interval = quarters * SHORTEST_INTERVAL
            case Resume():
                self._resume(message)
        self._resumable = False

    def _subscribe(self, message: Subscribe) -> None:
        subscriptions = self._session.subscriptions
        if message.id not in subscriptions and len(subscriptions) >= MAX_SUBSCRIPTIONS:
            detail = f"A connection has at most {MAX_SUBSCRIPTIONS} subscriptions: end one."
            self._answer(error(message.id, Problem.LIMIT, detail))
            return
        try:
            self._hub.subscribe(self._session, message.id, subject_of(message))
        except ValueError as invalid:
            self._answer(error(message.id, Problem.INVALID, f"{str(invalid).rstrip('.')}."))
        except FullError as full:
            self._answer(error(message.id, Problem.LIMIT, str(full)))

    def _resume(self, message: Resume) -> None:
        if not self._resumable:
            self._answer(error(None, Problem.INVALID, "`resume` has to be the first message."))
            return
        session = self._hub.resume(self._session, message.session, message.seq)
        if session is None:
            detail = "This session cannot be resumed: subscribe again, in the session of this connection."
            self._answer(error(None, Problem.UNKNOWN_SESSION, detail))
            return
        self._session = session
        self._answer(session.hello(self._clock(), resumed=True))
        self.wake(due=True)

    def _answer(self, message: bytes) -> None:
        self._answers.append(message)
        self._awake.set()
        if len(self._answers) > MESSAGES_AT_ONCE:
            self.end(CloseCode.POLICY)

    async def _send(self) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            due, self._due = self._due, False
            for message in self._messages(due=due):
                await self._socket.send_frame(message, WSMsgType.TEXT)
                if self._end.done():
                    # Another connection may have the session now.
                    return

    def _messages(self, *, due: bool) -> Iterator[bytes]:
        while self._answers:
            yield self._answers.pop(0)
        session = self._session
        for message in session.messages(self._clock(), due=due):
            yield message
            if self._session is not session:
                return

    async def _watch(self) -> None:
        """End the connection when the credential is no longer valid."""
        while True:
            expires = self._caller.expires
            left = CHECK_SECONDS if expires is None else expires - self._clock()
            await asyncio.sleep(max(0.0, min(CHECK_SECONDS, left)))
            if (expires is not None and expires <= self._clock()) or not await self._still_valid():
                self.end(CloseCode.EXPIRED)
                return


def subject_of(message: Subscribe) -> Subject:
    """What the client subscribes to. Raises ValueError, whose message says what to write instead."""
    if (message.key is not None) != (message.topic is Topic.TASK):
        raise ValueError("`key` is the id of a task, and belongs to the topic `task` alone")
    if message.topic is Topic.TASKS:
        return Subject(message.topic, parse_filter(message.filter), message.limit)
    if message.filter or "limit" in message.model_fields_set:
        raise ValueError("`filter` and `limit` belong to the topic `tasks` alone")
    return Subject(message.topic, key=message.key or "")


def _what_is_wrong(invalid: ValidationError) -> str:
    """The first fault. What the client sent is not quoted."""
    first = invalid.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(step) for step in first["loc"][1:])
    return f"The message cannot be used: {place + ': ' if place else ''}{first['msg']}."[:300]
