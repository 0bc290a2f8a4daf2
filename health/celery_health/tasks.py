"""A task that checks from inside a worker whether its database, its cache and its result backend answer.

``register(app)`` adds it to an application, and so does ``celery_health.tasks`` in ``app.conf.imports``.
"""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import TimeoutError as NotDoneError
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from celery import Celery, shared_task

from celery_health.broker import BrokerReading
from celery_health.error_text import in_one_line
from celery_health.redaction import redact
from celery_health.result_backends import ping_result_backend
from celery_health.threads import start_in_thread

CHECK_SECONDS = 2.0
NAME = "celery_health.tasks.health_check_task"

Check = dict[str, Any]

# gevent and eventlet run all threads in one, which can run one event loop at a time.
_ONE_LOOP = threading.Lock()


def register(app: Celery) -> Any:
    """Add the task to ``app``. ``celery-health --test-tasks`` then uses it."""
    return app.tasks.get(NAME) or app.task(name=NAME, bind=True, ignore_result=False)(_run_checks)


def _run_checks(task: Any) -> dict[str, Any]:
    """Check everything at the same time. The result is JSON-able and without secrets."""
    checks = _run_all(
        {"database": _database, "cache": _cache, "result_backend": lambda: _result_backend(task.app)}
    )
    return {
        "ok": all(check["ok"] is not False for check in checks.values()),
        "worker": task.request.hostname,
        "checks": checks,
    }


health_check_task = shared_task(name=NAME, bind=True, ignore_result=False)(_run_checks)


def _run_all(checks: dict[str, Callable[[], Check]]) -> dict[str, Check]:
    """Run each check in a thread of its own, and wait for at most CHECK_SECONDS in all."""
    futures = {name: start_in_thread(check) for name, check in checks.items()}
    deadline = time.monotonic() + CHECK_SECONDS
    results = {}
    for name, future in futures.items():
        try:
            results[name] = future.result(max(0.0, deadline - time.monotonic()))
        except NotDoneError:
            results[name] = _result(False, f"no answer within {CHECK_SECONDS:g} s")
        except Exception as error:  # an error is the result of its check, and the others continue
            results[name] = _result(False, in_one_line(error))
    return results


def _database() -> Check:
    if url := os.environ.get("DATABASE_URL"):
        return _ping(url)
    if not _is_django():
        return _result(None, "neither DATABASE_URL nor Django's DATABASES is set")
    from django.db import connections  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    connection = connections["default"]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        # The connection belongs to this thread, and nothing else closes it.
        connection.close()
    return _result(True, f"Django's database answers ({connection.vendor})")


def _cache() -> Check:
    if not _is_django():
        return _result(None, "Django's CACHES is not set")
    from django.core.cache import cache  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    key = f"celery-health-{threading.get_ident()}"
    cache.set(key, "1", timeout=10)
    kept = cache.get(key) == "1"
    cache.delete(key)
    return _result(kept, "Django's cache answers" if kept else "Django's cache does not keep a value")


def _result_backend(app: Celery) -> Check:
    url = app.conf.result_backend
    return _ping(url) if isinstance(url, str) and url else _result(None, "no result backend is configured")


def _ping(url: str) -> Check:
    one_at_a_time: AbstractContextManager[object] = _ONE_LOOP if _has_greenlets() else nullcontext()
    with one_at_a_time:
        reading: BrokerReading = asyncio.run(ping_result_backend(url, timeout=CHECK_SECONDS * 0.9))
    return _result(reading.reachable, reading.message)


def _has_greenlets() -> bool:
    gevent, eventlet = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    return bool(
        (gevent and gevent.is_module_patched("threading"))
        or (eventlet and eventlet.is_monkey_patched("thread"))
    )


def _is_django() -> bool:
    return bool(os.environ.get("DJANGO_SETTINGS_MODULE"))


def _result(ok: bool | None, message: str) -> Check:
    return {"ok": ok, "message": redact(message)}
