"""One AMQP connection that consumes one queue, without acknowledgements."""

import asyncio
from collections.abc import Callable, Sequence

from amqp.exceptions import ConnectionError as AmqpConnectionError
from amqp.exceptions import error_for_code

from celery_monitor.events.decode import MAX_MESSAGE_BYTES
from celery_monitor.events.receivers import amqp_frames as frames
from celery_monitor.events.receivers.amqp_frames import Method, method_frame
from celery_monitor.events.receivers.stream import Stream, StreamError

HEARTBEAT_SECONDS = 10
_CHANNEL = 1


class AmqpConsumer(Stream):
    """Speaks AMQP 0-9-1 as a consumer. A refusal of the server is an exception of py-amqp."""

    def __init__(self, deliver: Callable[[Sequence[bytes]], None]) -> None:
        super().__init__(deliver)
        self._rest = b""
        self._max_frame = frames.MAX_FRAME_BYTES
        self._answers: asyncio.Queue[tuple[Method, bytes]] = asyncio.Queue()
        # The body that is on its way: the bytes that are still to come, and the parts that came.
        self._missing = 0
        self._parts: list[bytes] = []
        self._kept = 0

    async def login(self, user: str, password: str, vhost: str) -> None:
        """Open the connection and a channel.

        Raises:
            amqp.AMQPError: the server refuses it.
            Exception: the connection is lost, which is also how some servers refuse a login.
        """
        self.send(frames.PROTOCOL_HEADER)
        await self._answer(frames.START)
        capabilities = {"consumer_cancel_notify": True, "authentication_failure_close": True}
        properties = {"product": "celery-monitor", "capabilities": capabilities}
        self.send(
            method_frame(0, frames.START_OK, "FsSs", properties, "PLAIN", f"\0{user}\0{password}", "en_US")
        )
        channels, max_frame, heartbeat = frames.TUNE.unpack_from(await self._answer(frames.TUNE_ID))
        self._max_frame = min(max_frame or frames.MAX_FRAME_BYTES, frames.MAX_FRAME_BYTES)
        interval = min(heartbeat, HEARTBEAT_SECONDS) or HEARTBEAT_SECONDS
        self.send(method_frame(0, frames.TUNE_OK, "BlB", channels, self._max_frame, interval))
        self.send(method_frame(0, frames.OPEN, "ssb", vhost, "", False))
        await self._answer(frames.OPEN_OK)
        self.send(method_frame(_CHANNEL, frames.CHANNEL_OPEN, "s", ""))
        await self._answer(frames.CHANNEL_OPEN_OK)

    async def declare_exchange(self, name: str, kind: str, *, durable: bool, passive: bool) -> None:
        """Declare an exchange, or with ``passive`` only check that it exists."""
        flags = (passive, durable, False, False, False)
        self.send(method_frame(_CHANNEL, frames.EXCHANGE_DECLARE, "BssbbbbbF", 0, name, kind, *flags, {}))
        await self._answer(frames.EXCHANGE_DECLARE_OK)

    async def consume(
        self, queue: str, exchange: str, arguments: dict[str, object], *, exclusive: bool
    ) -> None:
        """Declare a queue of our own, bind it to all of the exchange, and consume it."""
        flags = (False, not exclusive, exclusive, exclusive, False)
        self.send(method_frame(_CHANNEL, frames.QUEUE_DECLARE, "BsbbbbbF", 0, queue, *flags, arguments))
        await self._answer(frames.QUEUE_DECLARE_OK)
        self.send(method_frame(_CHANNEL, frames.QUEUE_BIND, "BsssbF", 0, queue, exchange, "#", False, {}))
        await self._answer(frames.QUEUE_BIND_OK)
        self.send(
            method_frame(_CHANNEL, frames.CONSUME, "BssbbbbF", 0, queue, "", False, True, False, False, {})
        )
        await self._answer(frames.CONSUME_OK)

    def heartbeat(self) -> None:
        """Show the server that the connection lives."""
        self.send(frames.HEARTBEAT_FRAME)

    def messages_in(self, data: bytes) -> Sequence[bytes]:
        """The bodies that are complete with this data."""
        if self._rest:
            data = self._rest + data
        messages: list[bytes] = []
        position, end = 0, len(data)
        head = frames.FRAME_HEAD.unpack_from
        while end - position >= 8:
            kind, _, size = head(data, position)
            if size > self._max_frame:
                raise StreamError(f"a frame has {size} bytes")
            start = position + 7
            stop = start + size
            if stop >= end:
                break
            if data[stop] != frames.FRAME_END:
                raise StreamError("a frame has no end")
            if kind == frames.BODY:
                self._body(data[start:stop], messages)
            elif kind == frames.HEADER:
                self._missing = frames.BODY_SIZE.unpack_from(data, start)[0]
                self._parts, self._kept = [], 0
                if not self._missing:
                    messages.append(b"")  # no frame with a body follows
            elif kind == frames.METHOD:
                self._method(data[start:stop])
            position = stop + 1
        self._rest = data[position:]
        return messages

    def _body(self, part: bytes, messages: list[bytes]) -> None:
        self._missing -= len(part)
        if self._missing <= 0 and not self._parts:
            messages.append(part)
            return
        # Of a message above the limit the beginning is enough: the decoder counts it.
        if self._kept <= MAX_MESSAGE_BYTES:
            self._parts.append(part)
            self._kept += len(part)
        if self._missing <= 0:
            messages.append(b"".join(self._parts))
            self._parts, self._kept = [], 0

    def _method(self, payload: bytes) -> None:
        method: Method = frames.METHOD_ID.unpack_from(payload)
        if method == _DELIVER:
            return
        if method in {frames.CONNECTION_CLOSE, frames.CHANNEL_CLOSE}:
            code, length = frames.CLOSE.unpack_from(payload, 4)
            text = payload[7 : 7 + length].decode(errors="replace")
            raise error_for_code(code, text, method, AmqpConnectionError)
        if method == frames.CANCEL:
            raise StreamError("the queue of events was deleted")
        self._answers.put_nowait((method, payload[4:]))

    async def _answer(self, expected: Method) -> bytes:
        """The arguments of the method that the server sends next."""
        method, arguments = await self.unless_lost(self._answers.get())
        if method != expected:
            raise StreamError(f"the server answers with method {method} instead of {expected}")
        return arguments


_DELIVER: Method = (60, 60)
