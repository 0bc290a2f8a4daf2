"""Everything that the sidecar of beat knows."""

from collections.abc import Callable
from typing import Any

from celery_health.verdicts.beat import BeatVerdict, BrokerSight
from celery_health.wire.beat_report import BeatReport
from celery_probe.sidecar.beat_evidence import BeatEvidence
from celery_probe.sidecar.beat_metrics import BeatNumbers, render
from celery_probe.sidecar.broker_watch import BrokerWatch
from celery_probe.sidecar.process_observer import ProcessObserver

ROLE = "beat"


class BeatObserver(ProcessObserver[BeatReport]):
    """Joins beat's evidence and the broker. ``clock`` gives CLOCK_MONOTONIC seconds."""

    subject = "beat"
    evidence: BeatEvidence

    def __init__(self, evidence: BeatEvidence, broker: BrokerWatch, clock: Callable[[], float]):
        super().__init__(evidence, broker, clock)

    def verdict(self) -> BeatVerdict:
        """The verdict on beat at this moment."""
        return self.evidence.judge(BrokerSight(self.broker.latest().reachable, self.broker.answers_for()))

    def report(self) -> dict[str, Any]:
        """The answer of ``/report``, with what only beat has."""
        return {**super().report(), "role": ROLE, "tick_age": self._tick_age(self._current_report())}

    def metrics(self) -> str:
        """The answer of ``/metrics``."""
        report = self._current_report()
        numbers = BeatNumbers(
            verdict=self.verdict(),
            report=report,
            written_age=self._written_age(),
            tick_age=self._tick_age(report),
            broker_reachable=self.broker.latest().reachable,
            held=self.hold.left() is not None,
        )
        return render(numbers)

    def _tick_age(self, report: BeatReport | None) -> float | None:
        return self._age(report.tick_mono if report else None)
