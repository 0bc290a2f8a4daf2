"""Everything that the sidecar of beat knows, looked at in the background and told from memory."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from celery_health.beat import BeatReport, BeatVerdict, BrokerSight
from celery_probe.sidecar.beat_evidence import BeatEvidence
from celery_probe.sidecar.beat_metrics import BeatNumbers
from celery_probe.sidecar.broker_watch import BrokerWatch
from celery_probe.sidecar.hold import Hold
from celery_probe.sidecar.observer import LOOK_SECONDS, REPORT_ANSWER_VERSION

ROLE = "beat"


class BeatObserver:
    """Joins beat's evidence and the broker. ``clock`` gives CLOCK_MONOTONIC seconds."""

    def __init__(self, evidence: BeatEvidence, broker: BrokerWatch, clock: Callable[[], float]):
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

    def verdict(self) -> BeatVerdict:
        """The verdict on beat at this moment."""
        return self.evidence.judge(BrokerSight(self.broker.latest().reachable, self.broker.answers_for()))

    def look_age(self) -> float:
        """Seconds since the last look at beat."""
        return self._clock() - self.evidence.looked_mono

    def report(self) -> dict[str, Any]:
        """The answer of ``/report``: the agent's own report, unchanged, and what the sidecar adds to it."""
        current = self.evidence.current
        report = current.report if current else None
        finding = self.broker.latest()
        held_for = self.hold.left()
        return {
            "version": REPORT_ANSWER_VERSION,
            "role": ROLE,
            "process": self.evidence.process,
            "written_age": self._age(report.written_mono if report else None),
            "tick_age": self._tick_age(report),
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

    def numbers(self) -> BeatNumbers:
        """What a scrape of ``/metrics`` shows."""
        current = self.evidence.current
        report = current.report if current else None
        return BeatNumbers(
            verdict=self.verdict(),
            report=report,
            written_age=self._age(report.written_mono if report else None),
            tick_age=self._tick_age(report),
            broker_reachable=self.broker.latest().reachable,
            held=self.hold.left() is not None,
        )

    def _tick_age(self, report: BeatReport | None) -> float | None:
        return self._age(report.tick_mono if report else None)

    def _age(self, moment: float | None) -> float | None:
        return None if moment is None else round(max(0.0, self._clock() - moment), 3)
