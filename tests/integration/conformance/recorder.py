"""What Celery itself makes of configurations: run by the Python of each version, with Celery alone.

It reads ``{name: settings}`` as JSON and writes ``{name: {"broker": ..., "backend": ...}}``. Each is
``connects``, ``fails: ERROR`` for what a worker tries again, or ``refuses: ERROR`` for what ends a worker.
"""

import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from celery import Celery
from celery.exceptions import ImproperlyConfigured

CONNECT_SECONDS = 5
HANGS_AFTER_SECONDS = 9
REFUSALS = (TypeError, ValueError, LookupError, AttributeError, ImportError, ImproperlyConfigured)


def recorded(settings: Mapping[str, Any]) -> dict[str, str]:
    """What becomes of one configuration. Celery may wait for an answer without end."""
    found = dict.fromkeys(("broker", "backend"), "fails: it hangs")
    app = Celery("recorded", set_as_current=False)
    app.conf.update(settings)

    def record() -> None:
        found["broker"] = _outcome(_connect, app)
        found["backend"] = _outcome(_store, app)

    thread = threading.Thread(target=record, daemon=True)
    thread.start()
    thread.join(HANGS_AFTER_SECONDS)
    return dict(found)


def _outcome(attempt: Callable[[Any], None], app: Any) -> str:
    try:
        attempt(app)
    except Exception as error:  # any error is what is recorded
        # An error of a certificate is an OSError and a ValueError, and a worker tries again.
        ends = isinstance(error, REFUSALS) and not isinstance(error, OSError)
        return f"{'refuses' if ends else 'fails'}: {type(error).__name__}: {error}"
    return "connects"


def _connect(app: Any) -> None:
    """As a worker does, with one attempt for each URL. It also needs the URL that it sends to."""
    opened = [app.connection_for_read]
    if app.conf.broker_write_url != app.conf.broker_read_url:
        opened.append(app.connection_for_write)
    for one in opened:
        with one(connect_timeout=CONNECT_SECONDS) as connection:
            attempts = len(connection.alt) - 1
            if attempts > 0:
                connection.ensure_connection(max_retries=attempts, interval_start=0, interval_step=0)
            else:
                connection.connect()


def _store(app: Any) -> None:
    if not app.conf.result_backend:
        return
    client: Any = getattr(app.backend, "client", None)
    if hasattr(client, "ping"):
        client.ping()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    configurations = json.load(sys.stdin)
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(recorded, configurations.values()))
    json.dump(dict(zip(configurations, outcomes, strict=True)), sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # threads that hang would keep the program
