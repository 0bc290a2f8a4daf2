"""One reader for each URL, kept between reconciles and bounded in time."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from celery_health.broker import BrokerReader, BrokerReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.urls import UrlError, parse
from celery_operator.snapshot import SidecarReading

TIMEOUT_SECONDS = 5.0


class MakeReader(Protocol):
    """Makes the reader of a URL, as ``celery_health.readers.reader_for`` does."""

    def __call__(self, url: str, naming: RedisNaming, *, management_url: str | None) -> BrokerReader:
        """A reader for this URL."""


class KeptReader:
    """A reader that lives as long as its URLs and naming stay the same."""

    def __init__(self, make_reader: MakeReader = reader_for) -> None:
        self._make_reader = make_reader
        self._made_for: tuple[str, RedisNaming, str | None] | None = None
        self._reader: BrokerReader | None = None

    async def read(
        self, url: str, naming: RedisNaming, queues: Sequence[str], management_url: str | None = None
    ) -> BrokerReading:
        """One reading. A reader that hangs is given up and replaced at the next call."""
        key = url, naming, management_url
        if self._reader is None or self._made_for != key:
            await self.close()
            self._reader = self._make_reader(url, naming, management_url=management_url)
            self._made_for = key
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._reader.read(queues)
        except TimeoutError:
            await self.close()
            return _timed_out(url)

    async def close(self) -> None:
        """Give back the connection."""
        reader, self._reader, self._made_for = self._reader, None, None
        if reader is not None:
            await reader.close()


def not_read(message: str) -> BrokerReading:
    """The reading of a broker whose URL is not known yet."""
    return BrokerReading(
        kind="unknown", address="", reachable=None, reason=BrokerReason.NOT_READ, message=message
    )


def learned_naming(readings: Sequence[SidecarReading], known: RedisNaming) -> RedisNaming:
    """How the application names its Redis lists, from the first worker that says so."""
    for reading in readings:
        transport = reading.report.transport if reading.report else None
        if transport and transport.priority_steps and transport.separator is not None:
            return RedisNaming(transport.priority_steps, transport.separator, transport.key_prefix or "")
    return known


def _timed_out(url: str) -> BrokerReading:
    try:
        parsed = parse(url)
    except UrlError as error:
        return BrokerReading("unknown", "", False, BrokerReason.URL_INVALID, str(error))
    message = f"No answer from {parsed.address} within {TIMEOUT_SECONDS:g} s"
    return BrokerReading(parsed.kind, parsed.address, False, BrokerReason.TIMED_OUT, message)
