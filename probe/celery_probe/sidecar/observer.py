"""Everything that the sidecar knows, looked at in the background and told from memory."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from celery_health.report import WorkerReport
from celery_health.worker import WorkerVerdict
from celery_probe.sidecar.broker_watch import BrokerWatch
from celery_probe.sidecar.drain import DrainWish
from celery_probe.sidecar.evidence import Evidence
from celery_probe.sidecar.hold import Hold
from celery_probe.sidecar.jitter import jitter_of
from celery_probe.sidecar.metrics import Numbers

REPORT_ANSWER_VERSION = 1
# A look costs two system calls where nothing changed, and a restart of the worker takes longer than this.
LOOK_SECONDS = 0.25


class Observer:
    """Joins the worker's evidence, the broker and the drain wish. ``clock`` gives CLOCK_MONOTONIC seconds."""

    def __init__(self, evidence: Evidence, broker: BrokerWatch, drain: DrainWish, clock: Callable[[], float]):
        self.evidence = evidence
        self.broker = broker
        self.drain = drain
        self.hold = Hold(clock)
        self.hostname = socket.gethostname()
        self._jitter = jitter_of(self.hostname)
        self._clock = clock

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Look once."""
        self.evidence.look()
        self.drain.look()

    def verdict(self) -> WorkerVerdict:
        """The verdict on the worker at this moment."""
        return self.evidence.judge(self.broker.answers_for(), self.broker.reachable_for(), self._jitter)

    def look_age(self) -> float:
        """Seconds since the last look at the worker."""
        return self._clock() - self.evidence.looked_mono

    def report(self) -> dict[str, Any]:
        """The answer of ``/report``: the agent's own report, unchanged, and what the sidecar adds to it."""
        current = self.evidence.current
        report = current.report if current else None
        finding = self.broker.latest()
        held_for = self.hold.left()
        return {
            "version": REPORT_ANSWER_VERSION,
            "process": self.evidence.process,
            "written_age": self._age(report.written_mono if report else None),
            "loop_age": self._loop_age(report),
            "report": current.document if current else None,
            "report_error": self.evidence.report_error,
            "verdict": asdict(self.verdict()),
            "broker": {
                "reachable": finding.reachable,
                "reason": finding.reason,
                "message": finding.message,
                "checked_age": self._age(finding.checked_mono),
            },
            "drain_wanted": self.drain.wanted,
            "held_for": None if held_for is None else round(held_for, 3),
            "hostname": self.hostname,
        }

    def numbers(self) -> Numbers:
        """What a scrape of ``/metrics`` shows."""
        current = self.evidence.current
        report = current.report if current else None
        return Numbers(
            verdict=self.verdict(),
            report=report,
            written_age=self._age(report.written_mono if report else None),
            loop_age=self._loop_age(report),
            broker_reachable=self.broker.latest().reachable,
            drain_wanted=self.drain.wanted,
            held=self.hold.left() is not None,
            idle=self._age(report.progress_mono if report else None),
        )

    def _loop_age(self, report: WorkerReport | None) -> float | None:
        return self._age(report.loop_mono if report else None)

    def _age(self, moment: float | None) -> float | None:
        return None if moment is None else round(max(0.0, self._clock() - moment), 3)
