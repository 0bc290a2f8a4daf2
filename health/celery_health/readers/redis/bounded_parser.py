"""Reads the answers of a Redis server within a budget. redis-py's own parsers take in whatever is sent."""

import asyncio
from typing import Any

from redis import exceptions
from redis._parsers import _AsyncRESP2Parser

from celery_health.readers.budget import Budget, TooMuchError, UnreadableAnswerError

MAX_VALUE_BYTES = 64 * 1024
"""The size of one value. INFO takes 5 kB."""

MAX_DEPTH = 8
"""How deep answers are nested. Those of Sentinel have a depth of 2."""

MAX_ERROR = 500
"""The characters of an error that are kept. Redis writes shorter ones."""

_MAX_DIGITS = 19
_VALUES_AT_ONCE = 200
_END = b"\r\n"


class BoundedParser(_AsyncRESP2Parser):
    """RESP 2, as redis-py's own parser reads it. The event loop gets its turn after some values."""

    def __init__(self, socket_read_size: int, budget: Budget) -> None:
        super().__init__(socket_read_size)
        self._budget = budget

    async def read_response(self, disable_decoding: bool = False) -> Any:
        """The next answer; an error of the server is returned.

        Raises:
            exceptions.ConnectionError: the connection is closed, or the server says that it closes it.
            TooMuchError: the answer exceeds the budget or a limit above.
            UnreadableAnswerError: it is not RESP 2.
        """
        if not self._connected:
            raise exceptions.ConnectionError(_CLOSED)
        return await self._value(0, disable_decoding)

    async def _value(self, depth: int, disable_decoding: bool) -> Any:
        line = await self._line()
        if self._budget.steps_left % _VALUES_AT_ONCE == 0:
            await asyncio.sleep(0)
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            return self._error(rest)
        if kind == b":":
            return _integer(rest)
        if kind == b"*":
            return await self._array(_integer(rest), depth + 1, disable_decoding)
        if kind == b"+":
            value: bytes | None = rest
        elif kind == b"$":
            value = await self._bulk(_integer(rest))
        else:
            raise UnreadableAnswerError
        if disable_decoding or value is None or self.encoder is None:
            return value
        return self.encoder.decode(value)  # type: ignore[no-untyped-call]

    async def _array(self, length: int, depth: int, disable_decoding: bool) -> list[Any] | None:
        if length == -1:
            return None
        if length < 0:
            raise UnreadableAnswerError
        if length > self._budget.steps_left or depth > MAX_DEPTH:
            raise TooMuchError
        return [await self._value(depth, disable_decoding) for _ in range(length)]

    async def _bulk(self, length: int) -> bytes | None:
        if length == -1:
            return None
        if length < 0:
            raise UnreadableAnswerError
        if length > MAX_VALUE_BYTES:
            raise TooMuchError
        self._budget.take(length + len(_END), steps=0)
        try:
            data = await self._open_stream().readexactly(length + len(_END))
        except asyncio.IncompleteReadError as error:
            raise exceptions.ConnectionError(_CLOSED) from error
        return data[: -len(_END)]

    async def _line(self) -> bytes:
        """The next line without its end. The stream itself bounds its length."""
        try:
            line = await self._open_stream().readline()
        except ValueError as error:
            raise TooMuchError from error
        if not line.endswith(_END):
            raise exceptions.ConnectionError(_CLOSED)
        self._budget.take(len(line))
        return line[: -len(_END)]

    def _open_stream(self) -> asyncio.StreamReader:
        if self._stream is None:
            raise exceptions.ConnectionError(_CLOSED)
        return self._stream

    def _error(self, text: bytes) -> Exception:
        words = text[:MAX_ERROR].decode(errors="replace")
        error: Exception = self.parse_error(words)  # type: ignore[no-untyped-call]
        if isinstance(error, exceptions.ConnectionError):
            raise error
        return error


def _integer(digits: bytes) -> int:
    if len(digits) > _MAX_DIGITS + 1 or not digits.removeprefix(b"-").isdigit():
        raise UnreadableAnswerError
    return int(digits)


_CLOSED = "Connection closed by server."
