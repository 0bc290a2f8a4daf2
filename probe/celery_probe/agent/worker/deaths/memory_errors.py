"""Notices that a task raised MemoryError: Celery then ends the whole worker, in order and with status 1.

Read in the sources of Celery 5.3 to 5.7: ``Request.on_failure`` raises MemoryError again. In the pools
prefork and solo that reaches the worker. In threads, gevent and eventlet the pool drops it: the worker runs
on, and keeps the message until it ends. So that is no death.
"""

from __future__ import annotations

import sys
from time import time
from typing import Any, Callable

from celery_probe.agent import natives
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker import pool
from celery_probe.agent.worker.death_log import Casualty, Cause
from celery_probe.agent.worker.deaths.casualties import casualty
from celery_probe.agent.worker.state import STOPPING, Worker, phase

ENDING_POOLS = ("prefork", "solo")
CAUSE = Cause("MemoryError")


class MemoryErrors:
    """Calls ``record`` with the task before Celery ends the worker, in the thread that handles its result."""

    def __init__(
        self, worker: Worker, errors: ErrorLog, record: Callable[[Casualty, Cause, float], None]
    ) -> None:
        self._worker = worker
        self._errors = errors
        self._record = record
        self._hooked = False

    def install(self, workers: Any) -> None:
        """Hook into the requests of Celery, once. Raises what is missing."""
        if self._hooked or pool.kind(workers) not in ENDING_POOLS:
            return
        # Celery imports it with its consumer, which exists by now.
        from celery.worker import request as request_module  # noqa: PLC0415

        wrapper, original = request_module.ExceptionWithTraceback, request_module.Request.on_failure

        def on_failure(request: Any, exc_info: Any, *args: Any, **options: Any) -> Any:
            with self._errors.caught("memory error"):
                error = exc_info.exception
                if isinstance(error.exc if isinstance(error, wrapper) else error, MemoryError):
                    self._note(request)
            return original(request, exc_info, *args, **options)

        request_module.Request.on_failure = on_failure
        self._hooked = True

    def _note(self, request: Any) -> None:
        if phase(self._worker, sys.modules.get("celery.worker.state")) == STOPPING:
            return
        started = request.time_start
        task = casualty(
            self._worker,
            self._errors,
            request,
            ran_for=None if started is None else time() - started,
            # Celery ends before it acknowledges: only a message that was acknowledged early is gone.
            returns=not request.acknowledged,
        )
        self._record(task, CAUSE, natives.monotonic())
