"""Counts a task where its worker's main process learns of it, so that every pool is counted the same way.

Celery makes one request for each message, and calls it when a slot has begun and when the run has ended. It
does so too when a pool child died or a time limit killed it, which no code in the child could count.
"""

import logging
from collections.abc import Callable
from functools import wraps
from time import time
from typing import Any

from celery.worker.request import Request

from celery_health.metrics.outcome import COMPLETED, RETRIED, outcome
from celery_health.metrics.trace import trace_id
from celery_health.metrics.worker import METRICS
from celery_health.wire.task_metrics import TaskRuns

log = logging.getLogger(__name__)


class MonitoredRequest(Request):  # type: ignore[misc]
    """A request that counts its run. To use a request class of your own, derive it from this one."""

    _row: TaskRuns | None = None
    _ended = False

    def __init_subclass__(cls, **options: Any) -> None:
        """Count in the class that Celery derives too: its ``on_success`` calls no other."""
        super().__init_subclass__(**options)
        if on_success := cls.__dict__.get("on_success"):
            cls.on_success = _counting(on_success)  # type: ignore[method-assign]

    def on_accepted(self, pid: int, time_accepted: float) -> None:
        """A slot has begun with the task."""
        self._count(_start)
        super().on_accepted(pid, time_accepted)

    def on_success(self, failed__retval__runtime: Any, **options: Any) -> Any:
        """The run gave a result, or an exception."""
        self._count(_end_of_run, failed__retval__runtime)
        return super().on_success(failed__retval__runtime, **options)

    def on_failure(self, exc_info: Any, *args: Any, **options: Any) -> Any:
        """The run failed, or ended with its pool child."""
        self._count(_end_of_failure, exc_info)
        return super().on_failure(exc_info, *args, **options)

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """A time limit has passed. For a hard one, pools of greenlets call nothing else."""
        if not soft:
            self._count(_end, "TimeLimitExceeded")
        super().on_timeout(soft, timeout)

    def _count(self, count: Callable[..., None], *args: Any) -> None:
        """Whatever goes wrong with a number: the task goes on."""
        try:
            count(self, *args)
        except Exception:
            log.exception("A run of %s could not be counted.", self.name)


def _counting(on_success: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(on_success)
    def counted(self: MonitoredRequest, failed__retval__runtime: Any, **options: Any) -> Any:
        self._count(_end_of_run, failed__retval__runtime)
        return on_success(self, failed__retval__runtime, **options)

    return counted


def _start(request: MonitoredRequest) -> None:
    if request._row is None:
        value = METRICS.label_value(request.task, request.args, request.kwargs)
        request._row = METRICS.recorder.started(request.task.name, value)


def _end_of_run(request: MonitoredRequest, failed__retval__runtime: Any) -> None:
    failed, result, runtime = failed__retval__runtime
    if failed:
        _end(request, outcome(result.exception, request._already_cancelled), runtime)
    else:
        _end(request, COMPLETED, runtime)


def _end_of_failure(request: MonitoredRequest, exc_info: Any) -> None:
    _end(request, outcome(exc_info.exception, request._already_cancelled))


def _end(request: MonitoredRequest, how: str, runtime: float | None = None) -> None:
    if request._ended:
        return
    request._ended = True
    _start(request)
    row = request._row
    assert row is not None
    if how == COMPLETED:
        seconds = time() - (request.time_start or time()) if runtime is None else runtime
        METRICS.recorder.completed(row, seconds, trace_id(request.request_dict))
    elif how == RETRIED:
        METRICS.recorder.retried(row)
    else:
        METRICS.recorder.failed(row, how)
