"""Result stores and databases: do they answer, and do they let us in?"""

import asyncio

from celery_health.broker import BrokerReading, BrokerReason
from celery_health.readers import reader_for
from celery_health.urls import UrlError, parse


async def ping_store(url: str, timeout: float = 5.0) -> BrokerReading:  # noqa: ASYNC109
    """Connect and log in within ``timeout`` seconds; no table and no key is read. Never raises."""
    reader = reader_for(url)
    try:
        async with asyncio.timeout(timeout):
            return await reader.read(())
    except TimeoutError:
        return _timed_out(url, timeout)
    finally:
        await reader.close()


def _timed_out(url: str, timeout: float) -> BrokerReading:
    try:
        parsed = parse(url)
    except UrlError as error:
        return BrokerReading("unknown", "", False, BrokerReason.URL_INVALID, str(error))
    message = f"{parsed.address} does not answer within {timeout:g} s: see whether it hangs, or packets drop."
    return BrokerReading(parsed.kind.value, parsed.address, False, BrokerReason.TIMED_OUT, message)
