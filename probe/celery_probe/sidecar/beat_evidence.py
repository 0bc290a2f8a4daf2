"""Beat's evidence as the sidecar last saw it, and the verdict that it gives."""

from collections.abc import Callable
from pathlib import Path

from celery_health.verdicts.beat import (
    DEFAULT_BEAT_THRESHOLDS,
    BeatThresholds,
    BeatVerdict,
    BrokerSight,
    judge_beat,
)
from celery_health.wire.beat_report import BeatReport, beat_report_from
from celery_probe.sidecar.process_evidence import ProcessEvidence, ReportFile

BEAT_REPORT_FILE = "beat.json"

# A report of beat is below 2 kB; whatever is far larger is not one.
_LARGEST_REPORT = 100_000


class BeatEvidence(ProcessEvidence[BeatReport]):
    """Report and process state of the beat in this pod. ``clock`` gives seconds of CLOCK_MONOTONIC."""

    def __init__(
        self,
        directory: Path,
        clock: Callable[[], float],
        thresholds: BeatThresholds = DEFAULT_BEAT_THRESHOLDS,
    ):
        super().__init__(ReportFile(directory / BEAT_REPORT_FILE, _LARGEST_REPORT, beat_report_from), clock)
        self._thresholds = thresholds

    def judge(self, broker: BrokerSight) -> BeatVerdict:
        """The verdict at this moment, from memory."""
        return judge_beat(
            self._read.report if self._read else None,
            self.process,
            self._clock(),
            observed_since=self._observed_since,
            running_since=self._running_since,
            broker=broker,
            thresholds=self._thresholds,
        )
