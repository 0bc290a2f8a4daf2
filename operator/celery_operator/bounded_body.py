"""Reads the body of an HTTP answer up to a limit: the server may be any pod."""

import socket
from typing import Any

import aiohttp

_PART = 65536

MAX_HEADER_BYTES = 2048
"""Of one line of the head. A sidecar and a monitor send a few short ones."""


_RECEIVE_BYTES = 8192
"""Of the kernel's buffer, which is twice as large. What it holds is parsed in one turn of the event loop."""


def peer_session() -> aiohttp.ClientSession:
    """For requests to pods. No answer is unpacked: what is small on its way may be large afterwards."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True, socket_factory=_small_socket),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        max_line_size=MAX_HEADER_BYTES,
        max_field_size=MAX_HEADER_BYTES,
    )


class BodyTooLargeError(Exception):
    """The body is larger than its limit."""


def _small_socket(address: tuple[Any, ...]) -> socket.socket:
    """With a small buffer: very many small chunks or interim responses take the event loop for long."""
    family, kind, protocol, *_ = address
    one = socket.socket(family, kind, protocol)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
    return one


async def read_body(response: aiohttp.ClientResponse, largest: int) -> bytes:
    """The body, of which at most ``largest`` bytes are kept while it arrives.

    Raises:
        BodyTooLargeError: there is more. The connection is closed.
    """
    body = bytearray()
    async for part in response.content.iter_chunked(_PART):
        body += part
        if len(body) > largest:
            response.close()
            raise BodyTooLargeError(f"the answer is larger than {largest} bytes")
    return bytes(body)
