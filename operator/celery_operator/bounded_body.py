"""Reads the body of an HTTP answer up to a limit: the server may be any pod."""

import aiohttp

_PART = 65536


class BodyTooLargeError(Exception):
    """The body is larger than its limit."""


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
