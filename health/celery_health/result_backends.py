"""Whether a result backend or database answers and accepts the login."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.readers.reachability import Reachability, timed_out_after
from celery_health.tls import THIS_PYTHON
from celery_health.urls import BrokerKind, BrokerUrl, UrlError, parse_result_backend

_CACHE, _DATABASE, _DJANGO_CACHE = "cache", {"db", "database"}, "django-cache"
_CLASSES = {"celery.backends.cache": _CACHE, "celery.backends.database": "database"}
_CACHES_OF_A_PROCESS = ("LocMemCache", "DummyCache")


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


def is_of_one_process(text: str, conf: Any = None) -> bool:
    """Whether results stay in the worker's process: in its memory, or in none.

    ``text``: as in ``result_backend``. ``conf``: the settings of the application, where there is one.
    """
    scheme, separator, rest = text.partition("://")
    name, _, kind = scheme.partition("+")
    if not separator:  # the name of a backend, or the path of its class; settings say more
        name = next((short for module, short in _CLASSES.items() if text.startswith(module)), text)
        if name == _CACHE:
            kind = str(getattr(conf, "cache_backend", None) or "").partition("://")[0]
        elif name in _DATABASE:
            return _is_in_memory(str(getattr(conf, "database_url", None) or ""))
        elif name == _DJANGO_CACHE:
            return _is_cache_of_one_process(getattr(conf, "cache_backend", None))
    return (name == _CACHE and kind == "memory") or (name == "db" and _is_in_memory(f"{kind}://{rest}"))


def _is_in_memory(url: str) -> bool:
    """Whether the URL is that of SQLite without a file, for SQLAlchemy."""
    dialect, _, path = url.partition("://")
    file = path.partition("?")[0].removeprefix("/")
    in_memory = file in {"", ":memory:"} or file.startswith("file::memory:")
    return dialect.partition("+")[0] == "sqlite" and in_memory


def _is_cache_of_one_process(name: object) -> bool:
    """By the settings of Django, once it is set up. ``name``: that of the cache, None for the usual one."""
    settings = getattr(sys.modules.get("django.conf"), "settings", None)
    caches = settings.CACHES if settings is not None and settings.configured else {}
    cache = caches.get(name or "default", {})
    return str(cache.get("BACKEND", "")).endswith(_CACHES_OF_A_PROCESS)


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
