"""From receiver to merger: a bounded buffer, and a task that empties it in short turns.

A broker disconnects a client that reads too slowly, and the messages that are lost then are not counted. So
messages are always taken from the connection at once. When they come faster than they can be merged, the
oldest are dropped and counted.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from celery_monitor.events.decode import Decoder
from celery_monitor.events.merge import Merger
from celery_monitor.events.receivers.receiver import Receiver

MAX_BUFFER_BYTES = 16 * 1024 * 1024
# What a message takes in memory beyond its own bytes.
_OVERHEAD_BYTES = 64
# Between two turns the event loop serves others, such as the API. It reads 256 KB from the connection, and
# short turns make sure that it reads faster than a broker sends.
TURN_SECONDS = 0.002


class Intake:
    """Runs a receiver and merges what it delivers.

    ``wait_seconds``: how long messages may wait for ``begin`` before the first one is merged. They do not
    wait any longer when the buffer is half full.

    ``lag``: seconds from the receipt of the messages that were merged last to their merging.
    """

    def __init__(
        self,
        receiver: Receiver,
        merger: Merger,
        *,
        max_bytes: int = MAX_BUFFER_BYTES,
        wait_seconds: float = 0.0,
    ) -> None:
        self.receiver = receiver
        self.merger = merger
        self.lag = 0.0
        self._max_bytes = max_bytes
        self._wait_seconds = wait_seconds
        self._begin = asyncio.Event()
        decoder = Decoder(merger.counters)
        self._decode = decoder.envelope if receiver.envelopes else decoder.body
        self._buffer: deque[tuple[Sequence[bytes], float, int]] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()

    async def run(self) -> None:
        """Receive and merge until this is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.receiver.run(self.take))
            group.create_task(self._merge())

    def begin(self) -> None:
        """All that should be known before the first message is merged is known, or will not be soon."""
        self._begin.set()

    def take(self, messages: Sequence[bytes], received: float) -> None:
        """Put messages into the buffer. This is the receiver's sink."""
        size = _size(messages)
        self._buffer.append((messages, received, size))
        self._bytes += size
        while self._bytes > self._max_bytes:
            dropped, _, freed = self._buffer.popleft()
            self._bytes -= freed
            self.merger.counters.dropped += len(dropped)
        if 2 * self._bytes > self._max_bytes:
            self._begin.set()
        self._filled.set()

    @property
    def buffered_bytes(self) -> int:
        """The size of the messages that wait to be merged."""
        return self._bytes

    async def _merge(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._wait_seconds):
                await self._begin.wait()
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._buffer:
                self._turn()
                await asyncio.sleep(0)

    def _turn(self) -> None:
        decode, apply, clock = self._decode, self.merger.apply, time.monotonic
        deadline = clock() + TURN_SECONDS
        while self._buffer:
            messages, received, size = self._buffer.popleft()
            self._bytes -= size
            for position, message in enumerate(messages, 1):
                for event in decode(message):
                    apply(event, received)
                if clock() > deadline:
                    self._put_back(messages[position:], received)
                    self.lag = max(0.0, time.time() - received)
                    return
            self.lag = max(0.0, time.time() - received)

    def _put_back(self, messages: Sequence[bytes], received: float) -> None:
        if messages:
            size = _size(messages)
            self._buffer.appendleft((messages, received, size))
            self._bytes += size


def _size(messages: Sequence[bytes]) -> int:
    return sum(map(len, messages)) + _OVERHEAD_BYTES * len(messages)
