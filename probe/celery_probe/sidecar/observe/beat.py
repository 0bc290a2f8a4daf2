"""Everything that the sidecar of beat knows."""

from collections.abc import Callable, Iterable

from celery_health.exposition import Family
from celery_health.verdicts.beat import (
    DEFAULT_BEAT_THRESHOLDS,
    BeatThresholds,
    BeatVerdict,
    BrokerCheck,
    beat_verdict,
)
from celery_health.wire.answers import BeatAnswer, VerdictAnswer
from celery_health.wire.beat_report import BeatReport
from celery_health.wire.bounds import sentence
from celery_probe.sidecar.broker.checks import BrokerChecks
from celery_probe.sidecar.metrics.beat import BeatNumbers, beat_families
from celery_probe.sidecar.observe.evidence import ProcessEvidence
from celery_probe.sidecar.observe.process import ProcessObserver


class BeatObserver(ProcessObserver[BeatReport]):
    """Joins beat's evidence and the broker checks."""

    subject = "beat"

    def __init__(
        self,
        evidence: ProcessEvidence[BeatReport],
        broker: BrokerChecks,
        clock: Callable[[], float],
        thresholds: BeatThresholds = DEFAULT_BEAT_THRESHOLDS,
    ) -> None:
        super().__init__(evidence, broker, clock)
        self._thresholds = thresholds

    def verdict(self) -> BeatVerdict:
        """The verdict on beat at this moment."""
        return beat_verdict(
            self.evidence.latest,
            self.evidence.process,
            self._clock(),
            observed_since=self.evidence.observed_since,
            running_since=self.evidence.running_since,
            report_error=self.evidence.report_error,
            broker=BrokerCheck(self.broker.latest().reachable, self.broker.answers_for()),
            thresholds=self._thresholds,
        )

    def answer(self) -> BeatAnswer:
        """The answer of ``/report``."""
        verdict, report = self.verdict(), self.evidence.current
        return BeatAnswer(
            **self._common_answer(),
            role="beat",
            verdict=VerdictAnswer(
                reason=verdict.reason,
                message=sentence(verdict.message),
                started=verdict.started,
                live=verdict.live,
                ready=verdict.ready,
            ),
            report=report,
            tick_age=self._tick_age(report),
        )

    def metrics(self) -> Iterable[Family]:
        """What ``/metrics`` shows."""
        report = self.evidence.current
        return beat_families(
            BeatNumbers(
                process=self._common_numbers(self.verdict()), report=report, tick_age=self._tick_age(report)
            )
        )

    def _tick_age(self, report: BeatReport | None) -> float | None:
        return self._age(report.tick_mono if report else None)
