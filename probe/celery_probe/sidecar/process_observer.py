"""What every sidecar knows of its process, looked at in the background and told from memory."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Generic

from celery_health.verdicts.beat import BeatVerdict
from celery_health.verdicts.worker import WorkerVerdict
from celery_probe.sidecar.broker_watch import BrokerWatch
from celery_probe.sidecar.hold import Hold
from celery_probe.sidecar.process_evidence import ProcessEvidence, R

REPORT_ANSWER_VERSION = 1
# A look costs two system calls where nothing changed, and a restart takes longer than this.
LOOK_SECONDS = 0.25


class ProcessObserver(ABC, Generic[R]):
    """Joins a process's evidence and the broker. ``clock`` gives CLOCK_MONOTONIC seconds."""

    subject: str
    """What is looked at, in the words of an answer."""

    def __init__(self, evidence: ProcessEvidence[R], broker: BrokerWatch, clock: Callable[[], float]):
        self.evidence = evidence
        self.broker = broker
        self.hold = Hold(clock)
        self._clock = clock

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Look once."""
        self.evidence.look()

    @abstractmethod
    def verdict(self) -> WorkerVerdict | BeatVerdict:
        """The verdict at this moment."""

    @abstractmethod
    def metrics(self) -> str:
        """The answer of ``/metrics``."""

    def look_age(self) -> float:
        """Seconds since the last look."""
        return self._clock() - self.evidence.looked_mono

    def report(self) -> dict[str, Any]:
        """The answer of ``/report``: the agent's own report, unchanged, and what the sidecar adds to it."""
        current = self.evidence.current
        finding = self.broker.latest()
        held_for = self.hold.left()
        return {
            "version": REPORT_ANSWER_VERSION,
            "process": self.evidence.process,
            "written_age": self._written_age(),
            "report": current.document if current else None,
            "report_error": self.evidence.report_error,
            "verdict": asdict(self.verdict()),
            "broker": {
                "reachable": finding.reachable,
                "reason": finding.reason,
                "message": finding.message,
                "checked_age": self._age(finding.checked_mono),
            },
            "held_for": None if held_for is None else round(held_for, 3),
        }

    def _current_report(self) -> R | None:
        current = self.evidence.current
        return current.report if current else None

    def _written_age(self) -> float | None:
        report = self._current_report()
        return self._age(report.written_mono if report else None)

    def _age(self, moment: float | None) -> float | None:
        return None if moment is None else round(max(0.0, self._clock() - moment), 3)
