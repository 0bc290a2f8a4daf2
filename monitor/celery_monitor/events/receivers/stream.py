"""A connection that only receives: the part that is the same for Redis and RabbitMQ."""

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

# After a small piece, reading pauses: to wake up for each message costs more than the message.
_SMALL_PIECE_BYTES = 64 * 1024
_PAUSE_SECONDS = 0.01
_MOST_AT_ONCE_BYTES = 2 * 1024 * 1024
"""While the event loop does other work for 10 ms, a fast broker sends half of this. asyncio's own 256 KB at a
time were too slow for it, and Redis disconnects a subscriber that is too far behind.
"""
_MOST_IN_PIECE = 1_000


class StreamError(Exception):
    """The server sends something that is not its protocol, or is above its limits."""


class Stream(asyncio.BufferedProtocol):
    """Messages go to ``deliver`` as they arrive, in pieces.

    ``lost`` is done as soon as the connection is closed, with the reason as its result. ``silent`` is set to
    False by everything that arrives.
    """

    def __init__(self, deliver: Callable[[Sequence[bytes]], None]) -> None:
        self.lost: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self.silent = True
        self._deliver = deliver
        self._transport: asyncio.Transport | None = None
        self._received = bytearray(_MOST_AT_ONCE_BYTES)

    @abstractmethod
    def messages_in(self, data: bytes) -> Sequence[bytes]:
        """The messages that are complete with this data. Raises StreamError."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self.fail(exc or ConnectionResetError("closed by the server"))

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - as asyncio calls it
        """Called by asyncio."""
        return self._received

    def buffer_updated(self, nbytes: int) -> None:
        """Called by asyncio with all that has arrived."""
        self.silent = False
        data = bytes(memoryview(self._received)[:nbytes])
        try:
            messages = self.messages_in(data)
        except Exception as error:  # whatever the server sends costs the connection at most
            self.fail(error)
            return
        for first in range(0, len(messages), _MOST_IN_PIECE):
            self._deliver(messages[first : first + _MOST_IN_PIECE])
        if messages and nbytes < _SMALL_PIECE_BYTES:
            self._pause()

    async def unless_lost(self, awaited: Awaitable[T]) -> T:
        """The result of ``awaited``; raises the reason if the connection is lost before."""
        waiting = asyncio.ensure_future(awaited)
        both: set[asyncio.Future[Any]] = {waiting, self.lost}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise self.lost.result()
            return waiting.result()
        finally:
            waiting.cancel()

    def send(self, data: bytes) -> None:
        """Send bytes; a closed connection ignores them."""
        if self._transport is not None:
            self._transport.write(data)

    def fail(self, error: Exception) -> None:
        """Close the connection because of ``error``."""
        if not self.lost.done():
            self.lost.set_result(error)
        self.close()

    def close(self) -> None:
        """Close the connection without waiting."""
        if self._transport is not None:
            self._transport.abort()

    def _pause(self) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.pause_reading()
            asyncio.get_running_loop().call_later(_PAUSE_SECONDS, transport.resume_reading)


async def until_lost(stream: Stream, check_seconds: float, ask: Callable[[], None]) -> Exception:
    """Wait until the connection is lost and return the reason.

    A connection that is silent for ``check_seconds`` is asked for a sign of life. One that is silent for as
    long again is half-open, which is a TimeoutError.
    """
    asked = False
    while not stream.lost.done():
        stream.silent = True
        await asyncio.wait({stream.lost}, timeout=check_seconds)
        if stream.silent and asked and not stream.lost.done():
            return TimeoutError("no answer")
        asked = stream.silent
        if asked:
            ask()
    return stream.lost.result()
