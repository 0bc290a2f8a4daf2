"""Repeats a reconcile of one CeleryDeployment at its pace, logs its failures and reports those that last."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from celery_health.redaction import redact
from celery_operator.cache import Key
from celery_operator.kube import KubeError, UnreachableError
from celery_operator.metrics import Metrics
from celery_operator.process.settings import Settings
from celery_operator.timing.pace import Pace, Rest

UNREPORTED_FAILURES = 2
"""Failures in a row that may pass by themselves; the status reports the next."""

PROBLEM_LENGTH = 500
"""The characters of the API server's sentence that are shown."""

Reconcile = Callable[[], Awaitable[Rest]]
Report = Callable[[Exception], Awaitable[None]]

_log = logging.getLogger(__name__)


class ResourceGoneError(Exception):
    """The resource was deleted or replaced: its loop ends."""


class Repeat:
    """Repeats the reconciles of one CeleryDeployment. Each that fails is tried again with growing pauses."""

    def __init__(self, key: Key, settings: Settings, metrics: Metrics) -> None:
        self._key = key
        self._settings = settings
        self._metrics = metrics

    async def run(self, pace: Pace, reconcile: Reconcile, report: Report) -> None:
        """Repeat it until it raises ResourceGoneError. ``report`` gets each failure of those that last."""
        while True:
            started = time.monotonic()
            rest: Rest | None = None
            try:
                async with asyncio.timeout(self._settings.reconcile_limit_seconds):
                    rest = await reconcile()
            except ResourceGoneError:
                raise
            except Exception as error:
                self._log_failure(pace, error)
                if pace.failures >= UNREPORTED_FAILURES and not isinstance(error, UnreachableError):
                    await self._try_to_report(report, error)
            seconds = time.monotonic() - started
            self._metrics.reconcile(self._key, pace.name, seconds, failed=rest is None)
            await (pace.back_off() if rest is None else pace.rest(rest))

    def _log_failure(self, pace: Pace, error: Exception) -> None:
        is_known = isinstance(error, KubeError | TimeoutError)
        level, trace = (logging.WARNING, None) if is_known else (logging.ERROR, error)
        _log.log(
            level, "%s: the %s reconcile failed: %s", self._key, pace.name, problem_of(error), exc_info=trace
        )

    async def _try_to_report(self, report: Report, error: Exception) -> None:
        try:
            async with asyncio.timeout(self._settings.request_timeout_seconds):
                await report(error)
        except ResourceGoneError:
            raise
        except (KubeError, TimeoutError) as failure:
            _log.warning("%s: the failure could not be reported: %s", self._key, problem_of(failure))
        except Exception:
            _log.exception("%s: the failure could not be reported", self._key)


def problem_of(error: Exception) -> str:
    """Why a reconcile failed, without a full stop. An unexpected error may quote anything: only its kind is
    named.
    """
    if isinstance(error, KubeError):
        return redact(error.message)[:PROBLEM_LENGTH].rstrip(".")
    if isinstance(error, TimeoutError):
        return "it took too long"
    return f"an unexpected {type(error).__name__}, which the operator's log shows"
