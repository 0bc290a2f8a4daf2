"""Logs the checks whose failure nothing else logs."""

import asyncio
import logging
from collections.abc import Sequence

from celery_monitor.web.services import Check

_PAUSE_SECONDS = 5.0

_log = logging.getLogger(__name__)


class CheckLog:
    """Logs when a check begins to fail, and when it succeeds again."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = checks
        self._failing: set[str] = set()

    async def run(self) -> None:
        """Compare for ever."""
        while True:
            self.compare()
            await asyncio.sleep(_PAUSE_SECONDS)

    def compare(self) -> None:
        """Log what has changed since the last call."""
        for check in self._checks:
            problem = check.problem()
            if problem is not None and check.name not in self._failing:
                _log.warning("%s", problem)
                self._failing.add(check.name)
            elif problem is None and check.name in self._failing:
                _log.info("The check of %s succeeds again.", check.name)
                self._failing.discard(check.name)
