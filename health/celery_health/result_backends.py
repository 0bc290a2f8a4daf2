"""Whether a result backend or database answers and accepts the login."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.readers.reachability import Reachability, timed_out_after
from celery_health.tls import THIS_PYTHON
from celery_health.urls import BrokerKind, BrokerUrl, UrlError, parse_result_backend


async def ping_result_backend(url: str | BrokerUrl, timeout: float = 5.0) -> BrokerReading:  # noqa: ASYNC109
    """Connect and log in within ``timeout`` seconds, without reading a table or key. Never raises.

    Run it where the application runs: a SQLite file must be on this machine, and a certificate is verified
    as this Python verifies it.
    """
    try:
        parsed = parse_result_backend(url) if isinstance(url, str) else url
    except UrlError as error:
        return BrokerReading("unknown", "", False, BrokerReason.URL_INVALID, str(error))
    if parsed.kind is BrokerKind.SQLITE:
        return _ping_sqlite(parsed)
    reader = reader_for(parsed, python=THIS_PYTHON)
    try:
        async with asyncio.timeout(timeout):
            return await reader.read(())
    except TimeoutError:
        return timed_out_after(parsed, timeout).reading(parsed)
    finally:
        await reader.close()


def _ping_sqlite(url: BrokerUrl) -> BrokerReading:
    path = Path(url.database_name or "")
    if url.database_name in {"", ":memory:"}:
        return _reading(url, BrokerReason.REACHABLE, "SQLite in memory needs no server.", reachable=True)
    if not path.exists():
        if path.parent.is_dir():
            message = f"{url.address} does not exist yet. The first write creates it."
            return _reading(url, BrokerReason.REACHABLE, message, reachable=True)
        return _reading(
            url,
            BrokerReason.ERROR,
            f"The folder of {url.address} does not exist: create it, or correct the URL.",
        )
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)) as database:
            database.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        return _reading(url, BrokerReason.ERROR, f"{url.address} cannot be read: {error}.")
    return _reading(url, BrokerReason.REACHABLE, f"{url.address} answers.", reachable=True)


def _reading(url: BrokerUrl, reason: BrokerReason, message: str, *, reachable: bool = False) -> BrokerReading:
    return Reachability(reason, message, reachable).reading(url)
