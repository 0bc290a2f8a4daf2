"""What arrives at once goes on in pieces that short turns can take."""

import asyncio
from collections.abc import Sequence

from celery_monitor.events.receivers.stream import Stream

SENT = [f"{number:07}".encode() for number in range(200_000)]


class Lines(Stream):
    """A message is a line of eight bytes."""

    rest = b""

    def messages_in(self, data: bytes) -> Sequence[bytes]:
        """The complete lines."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        return lines


async def test_a_flood_arrives_whole_and_in_order_in_small_pieces() -> None:
    pieces: list[Sequence[bytes]] = []

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\n".join([*SENT, b""]))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(flood, "127.0.0.1", 0) as server:
        loop = asyncio.get_running_loop()
        _, stream = await loop.create_connection(
            lambda: Lines(pieces.append), *server.sockets[0].getsockname()
        )
        await stream.lost
    assert [message for piece in pieces for message in piece] == SENT
    assert max(map(len, pieces)) <= 1_000
