"""Reads the details of a Redis server with INFO, and counts the results in its database."""

import asyncio
from dataclasses import replace

from redis.asyncio import Redis

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.readers.parameters import parse_broker
from celery_health.readers.redis.connection import RedisConnection
from celery_health.readers.redis.result_counts import ResultScan
from celery_health.readers.redis.server import RedisServer, server_from_info
from celery_health.urls import BrokerUrl, UrlError

_INFO_SECONDS = 3.0
# A full server and a replica cannot be used as a broker, and still answer INFO.
_ANSWERS_INFO = frozenset({BrokerReason.OUT_OF_MEMORY, BrokerReason.READ_ONLY})


async def read_redis_server(
    url: str | BrokerUrl,
    *,
    key_prefix: str = "",
    count_results: bool = True,
    max_scan_seconds: float = 1.0,
    max_scan_keys: int = 200_000,
) -> RedisServer:
    """The details of the server at ``url``. Never raises: an error, also in the URL, is in ``reading``.

    ``key_prefix`` is that of the results (``global_keyprefix``). ``count_results``: scan the keys for
    results. The scan ends after ``max_scan_seconds`` or ``max_scan_keys``.
    """
    reader = reader_for(url)
    try:
        reading = await reader.read(())
    finally:
        await reader.close()
    answers = reading.reachable or reading.reason in _ANSWERS_INFO
    if not answers or not (redis_url := _redis_url(url, reading.address)):
        return RedisServer(reading)
    connection = RedisConnection(redis_url)
    server = RedisServer(reading)
    try:
        async with asyncio.timeout(_INFO_SECONDS):
            server = await _server(connection.client(), reading)
        if count_results and server.keys is not None:
            scan = ResultScan(connection.client(), key_prefix, server.keys)
            server = replace(server, tasks=await scan.run(max_scan_seconds, max_scan_keys))
    except Exception:  # noqa: S110
        # The server answered a moment ago, and may answer anything now: return what is known so far.
        pass
    finally:
        await connection.close()
    return server


def _redis_url(url: str | BrokerUrl, address: str) -> BrokerUrl | None:
    """The URL of the server that answered: of several, the one with that address."""
    try:
        first = parse_broker(url) if isinstance(url, str) else url
    except UrlError:
        return None
    if not first.kind.is_redis:
        return None
    return next((one for one in (first, *first.alternates) if one.address == address), first)


async def _server(client: Redis, reading: BrokerReading) -> RedisServer:
    async with client.pipeline(transaction=False) as pipeline:
        pipeline.info()
        pipeline.dbsize()
        info, size = await pipeline.execute(raise_on_error=False)
    known = info if isinstance(info, dict) else {}
    return server_from_info(reading, known, size if isinstance(size, int) else None)
