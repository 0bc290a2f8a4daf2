"""Reads answers of other servers, with a limit."""

import json
from typing import Any

import aiohttp


async def read_json(response: aiohttp.ClientResponse, most_bytes: int) -> Any:
    """The JSON value of the body.

    Raises:
        ValueError: the body is larger than the limit, or is not JSON.
    """
    body = b""
    async for part in response.content.iter_chunked(16 * 1024):
        body += part
        if len(body) > most_bytes:
            raise ValueError("the body is too large")
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("the body is nested too deep") from None
