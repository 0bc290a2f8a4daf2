"""A task that looks from inside a worker: at its database, its cache and its result store.

One line adds it to an application: ``register(app)``, or ``celery_health.tasks`` in ``app.conf.imports``.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import Celery, shared_task

from celery_health.broker import BrokerReading
from celery_health.stores import ping_store
from celery_health.urls import redact

CHECK_SECONDS = 2.0
NAME = "celery_health.tasks.health_check_task"

Check = dict[str, Any]


def register(app: Celery) -> Any:
    """Make the task known to ``app``; ``celery-health --test-tasks`` then uses it."""
    return app.tasks.get(NAME) or app.task(name=NAME, bind=True, ignore_result=False)(_checked)


def _checked(task: Any) -> dict[str, Any]:
    """Look at all that this worker needs. JSON-able, without secrets; each check ends within 2 seconds."""
    # At once, so that the whole takes no longer than the slowest.
    checks = _at_once({"database": _database, "cache": _cache, "result_store": lambda: _store(task.app)})
    return {
        "ok": all(check["ok"] is not False for check in checks.values()),
        "worker": task.request.hostname,
        "checks": checks,
    }


health_check_task = shared_task(name=NAME, bind=True, ignore_result=False)(_checked)


def _at_once(checks: dict[str, Callable[[], Check]]) -> dict[str, Check]:
    results: dict[str, Check] = {}

    def run(name: str, check: Callable[[], Check]) -> None:
        try:
            results[name] = check()
        except Exception as error:  # what a check meets is its result: the others go on
            first = next(iter(str(error).splitlines()), "")
            results[name] = _result(False, f"{type(error).__name__}: {first}")

    threads = [
        threading.Thread(target=run, args=(name, check), daemon=True) for name, check in checks.items()
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + CHECK_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = _result(False, f"no answer within {CHECK_SECONDS:g} s")
    done = dict(results)
    return {name: done.get(name, late) for name in checks}


def _database() -> Check:
    if url := os.environ.get("DATABASE_URL"):
        return _ping(url)
    if not _django():
        return _result(None, "neither DATABASE_URL nor Django's DATABASES is set")
    from django.db import connections  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    connection = connections["default"]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        # This thread ends, and with it nobody else would close the connection.
        connection.close()
    return _result(True, f"Django's database answers ({connection.vendor})")


def _cache() -> Check:
    if not _django():
        return _result(None, "Django's CACHES is not set")
    from django.core.cache import cache  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    key = f"celery-health-{threading.get_ident()}"
    cache.set(key, "1", timeout=10)
    kept = cache.get(key) == "1"
    cache.delete(key)
    return _result(kept, "Django's cache answers" if kept else "Django's cache does not keep what is set")


def _store(app: Celery) -> Check:
    url = app.conf.result_backend
    return _ping(url) if isinstance(url, str) and url else _result(None, "no result store is configured")


def _ping(url: str) -> Check:
    reading: BrokerReading = asyncio.run(ping_store(url, timeout=CHECK_SECONDS * 0.9))
    return _result(reading.reachable, reading.message)


def _django() -> bool:
    """Whether the worker is one of a Django project."""
    return bool(os.environ.get("DJANGO_SETTINGS_MODULE"))


def _result(ok: bool | None, message: str) -> Check:
    return {"ok": ok, "message": redact(message)}
