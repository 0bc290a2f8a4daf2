"""One reader for each URL, kept between reconciles and bounded in time."""

import asyncio
import logging
from bisect import bisect
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from celery_health.broker import BrokerReader, BrokerReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.urls import UrlError, parse
from celery_operator.snapshot import SidecarReading

TIMEOUT_SECONDS = 5.0

HIGHEST_PRIORITY = 9
"""kombu lowers a higher priority to this one when it sends to Redis, so that other lists stay empty."""

_log = logging.getLogger(__name__)


class MakeReader(Protocol):
    """Makes the reader of a URL, as ``celery_health.readers.reader_for`` does."""

    def __call__(
        self, url: str, naming: RedisNaming, *, management_url: str | None, master_name: str | None
    ) -> BrokerReader:
        """A reader for this URL."""


def workers_broker_reader(
    url: str, naming: RedisNaming, *, management_url: str | None, master_name: str | None
) -> BrokerReader:
    """The reader of the broker that the workers get the URL of."""
    return reader_for(url, naming, management_url=management_url, master_name=master_name, of_workers=True)


class KeptReader:
    """A reader that lives as long as its URLs and naming stay the same."""

    def __init__(self, make_reader: MakeReader = workers_broker_reader) -> None:
        self._make_reader = make_reader
        self._made_for: tuple[str, RedisNaming, str | None, str | None] | None = None
        self._reader: BrokerReader | None = None

    async def read(
        self,
        url: str,
        naming: RedisNaming,
        queues: Sequence[str],
        management_url: str | None = None,
        master_name: str | None = None,
    ) -> BrokerReading:
        """One reading. A reader that hangs or fails is given up and replaced at the next call."""
        key = url, naming, management_url, master_name
        if self._reader is None or self._made_for != key:
            await self.close()
            self._reader = self._make_reader(
                url, naming, management_url=management_url, master_name=master_name
            )
            self._made_for = key
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._reader.read(queues)
        except TimeoutError:
            await self.close()
            return _timed_out(url)
        except Exception as error:
            # The fault is the reader's own. It must not keep the resource from being reconciled.
            _log.exception("a reader failed")
            await self.close()
            return _failed(url, error)

    async def close(self) -> None:
        """Give back the connection."""
        reader, self._reader, self._made_for = self._reader, None, None
        if reader is not None:
            with suppress(Exception):
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
            prefix = transport.key_prefix or ""
            # A line break in the name of a key could begin a command of another protocol.
            if (transport.separator + prefix).isprintable():
                return RedisNaming(used_steps(transport.priority_steps), transport.separator, prefix)
    return known


def used_steps(steps: Sequence[int]) -> tuple[int, ...]:
    """The steps whose lists kombu uses, in their order: at most one for each priority.

    A report may name very many, and each read asks for one list of each queue and step.
    """
    used = {steps[bisect(steps, priority) - 1] for priority in range(HIGHEST_PRIORITY + 1)}
    return tuple(step for step in dict.fromkeys(steps) if step in used)


def _timed_out(url: str) -> BrokerReading:
    try:
        parsed = parse(url)
    except UrlError as error:
        return BrokerReading("unknown", "", False, BrokerReason.URL_INVALID, str(error))
    message = f"No answer from {parsed.address} within {TIMEOUT_SECONDS:g} s"
    return BrokerReading(parsed.kind, parsed.address, False, BrokerReason.TIMED_OUT, message)


def _failed(url: str, error: Exception) -> BrokerReading:
    """Nothing is known of the server. An error may quote anything, so only its kind is named."""
    try:
        kind, address = (parsed := parse(url)).kind.value, parsed.address
    except UrlError:
        kind, address = "unknown", ""
    message = (
        f"The operator failed to read {address or 'it'} ({type(error).__name__}): see the operator's log"
    )
    return BrokerReading(kind, address, None, BrokerReason.ERROR, message)
