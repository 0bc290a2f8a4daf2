"""Bodies of requests that cannot be read or do not come. The client is at fault: they are not logged."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp.web_protocol import RequestPayloadError

from celery_monitor.web.problems import ProblemError

BODY_SECONDS = 30.0
"""How long the body of a request may take to come."""


@asynccontextmanager
async def reading_body() -> AsyncIterator[None]:
    """Read a body within this context.

    Raises:
        ProblemError: 400, the body is not as the headers say, or the connection ended; 408, it was too slow.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            yield
    except TimeoutError:
        raise ProblemError(408, f"The body did not come within {BODY_SECONDS:.0f} s.") from None
    except RequestPayloadError:
        raise ProblemError(400, "The body cannot be decoded as its headers say.") from None
    except ConnectionError:
        raise ProblemError(400, "The connection ended before the end of the body.") from None
