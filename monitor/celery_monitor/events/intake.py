"""From receiver to merger: a bounded buffer, and a task that empties it in short turns.

A broker disconnects a client that reads too slowly, and the messages that are lost then are not counted. So
messages are always taken from the connection at once. When they come faster than they can be merged, the
oldest are dropped and counted.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence

from celery_monitor.events.decode import Decoder
from celery_monitor.events.merge import Merger
from celery_monitor.events.receivers.receiver import Receiver

MAX_BUFFER_BYTES = 16 * 1024 * 1024
# What a message takes in memory beyond its own bytes.
_OVERHEAD_BYTES = 64
# Between two turns the event loop serves others, such as the connection itself and the API.
TURN_SECONDS = 0.005


class Intake:
    """Runs a receiver and merges what it delivers.

    ``lag``: seconds from the receipt of the messages that were merged last to their merging.
    """

    def __init__(self, receiver: Receiver, merger: Merger, *, max_bytes: int = MAX_BUFFER_BYTES) -> None:
        self.receiver = receiver
        self.merger = merger
        self.lag = 0.0
        self._max_bytes = max_bytes
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

    def take(self, messages: Sequence[bytes], received: float) -> None:
        """Put messages into the buffer. This is the receiver's sink."""
        size = sum(map(len, messages)) + _OVERHEAD_BYTES * len(messages)
        self._buffer.append((messages, received, size))
        self._bytes += size
        while self._bytes > self._max_bytes:
            dropped, _, freed = self._buffer.popleft()
            self._bytes -= freed
            self.merger.counters.dropped += len(dropped)
        self._filled.set()

    @property
    def buffered_bytes(self) -> int:
        """The size of the messages that wait to be merged."""
        return self._bytes

    async def _merge(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._buffer:
                self._turn()
                await asyncio.sleep(0)

    def _turn(self) -> None:
        decode, apply = self._decode, self.merger.apply
        deadline = time.monotonic() + TURN_SECONDS
        while self._buffer and time.monotonic() < deadline:
            messages, received, size = self._buffer.popleft()
            self._bytes -= size
            for message in messages:
                for event in decode(message):
                    apply(event, received)
            self.lag = max(0.0, time.time() - received)
