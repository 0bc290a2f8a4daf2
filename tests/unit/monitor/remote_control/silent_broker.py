"""A broker that accepts connections and never answers, as one does that is paused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass
class SilentBroker:
    """``connections``: how many were opened."""

    url: str = ""
    connections: int = 0


@asynccontextmanager
async def silent_broker() -> AsyncIterator[SilentBroker]:
    """Serve until the block ends."""
    broker = SilentBroker()
    writers = []

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        broker.connections += 1
        writers.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    broker.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    try:
        yield broker
    finally:
        for writer in writers:
            writer.close()
        server.close()
