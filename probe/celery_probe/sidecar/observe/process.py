"""What every sidecar knows of its process: read in the background, answered from memory."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Generic

from celery_health.exposition import Family
from celery_health.verdicts.beat import BeatVerdict
from celery_health.verdicts.worker import WorkerVerdict
from celery_health.wire.answers import BrokerCheckAnswer, ProcessAnswer
from celery_health.wire.bounds import sentence
from celery_health.wire.names import VERSION
from celery_probe.sidecar.broker.checks import BrokerChecks
from celery_probe.sidecar.metrics.process import ProcessNumbers
from celery_probe.sidecar.observe.evidence import ProcessEvidence, R
from celery_probe.sidecar.orders.restart_hold import RestartHold

# A refresh costs two system calls where nothing changed, and a restart takes longer than this.
REFRESH_SECONDS = 0.25


class ProcessObserver(ABC, Generic[R]):
    """Joins a process's evidence and the broker checks. ``clock`` gives seconds of CLOCK_MONOTONIC."""

    subject: str
    """The process, as a message names it."""

    def __init__(
        self, evidence: ProcessEvidence[R], broker: BrokerChecks, clock: Callable[[], float]
    ) -> None:
        self.evidence = evidence
        self.broker = broker
        self.restart_hold = RestartHold(clock)
        self._clock = clock
        self._was_live = True
        self._liveness_failures = 0

    async def run(self) -> None:
        """Refresh periodically, until cancelled."""
        while True:
            self.refresh()
            await asyncio.sleep(REFRESH_SECONDS)

    def refresh(self) -> None:
        """Read the files that the process and its agent write."""
        self.evidence.refresh()
        report = self.evidence.current
        self.broker.python = report.python if report else None
        live = self.verdict().live
        self._liveness_failures += self._was_live and not live
        self._was_live = live

    def seconds_since_refresh(self) -> float:
        """The age of the evidence."""
        return self._clock() - self.evidence.refreshed_mono

    @abstractmethod
    def verdict(self) -> WorkerVerdict | BeatVerdict:
        """The verdict on the process at this moment."""

    @abstractmethod
    def metrics(self) -> Iterable[Family]:
        """What ``/metrics`` shows."""

    @abstractmethod
    def answer(self) -> ProcessAnswer:
        """The answer of ``/report``."""

    def _common_answer(self) -> dict[str, Any]:
        """The fields of ``ProcessAnswer``."""
        check = self.broker.latest()
        left = self.restart_hold.seconds_left()
        return {
            "version": VERSION,
            "process": self.evidence.process,
            "written_age": self._written_age(),
            "report_error": self.evidence.report_error,
            "broker": BrokerCheckAnswer(
                reachable=check.reachable,
                reason=check.reason,
                message=sentence(check.message),
                checked_age=self._age(check.checked_mono),
            ),
            "restart_hold_seconds_left": None if left is None else round(left, 3),
        }

    def _common_numbers(self, verdict: WorkerVerdict | BeatVerdict) -> ProcessNumbers:
        report = self.evidence.current
        return ProcessNumbers(
            started=verdict.started,
            live=verdict.live,
            liveness_failures=self._liveness_failures,
            ready=verdict.ready,
            report_age=self._written_age(),
            broker_reachable=self.broker.latest().reachable,
            restart_hold=self.restart_hold.seconds_left() is not None,
            agent_errors=report.error_count if report else None,
        )

    def _written_age(self) -> float | None:
        report = self.evidence.current
        return self._age(report.written_mono if report else None)

    def _age(self, moment: float | None) -> float | None:
        return None if moment is None else round(max(0.0, self._clock() - moment), 3)
