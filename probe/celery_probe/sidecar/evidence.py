"""The worker's evidence as the sidecar last saw it, and the verdict that it gives."""

from collections.abc import Callable
from pathlib import Path

from celery_health.verdicts.worker import DEFAULT_THRESHOLDS, WorkerThresholds, WorkerVerdict, judge_worker
from celery_health.wire.worker_report import WorkerReport, report_from
from celery_probe.sidecar.process_evidence import ProcessEvidence, ReportFile

REPORT_FILE = "report.json"

# A report holds 100 active tasks at most, some 30 kB; whatever is far larger is not one.
_LARGEST_REPORT = 1_000_000


class Evidence(ProcessEvidence[WorkerReport]):
    """Report and process state of the worker in this pod. ``clock`` gives seconds of CLOCK_MONOTONIC."""

    def __init__(
        self, directory: Path, clock: Callable[[], float], thresholds: WorkerThresholds = DEFAULT_THRESHOLDS
    ):
        super().__init__(ReportFile(directory / REPORT_FILE, _LARGEST_REPORT, report_from), clock)
        self._thresholds = thresholds

    def judge(
        self,
        broker_answers_for: float | None,
        broker_reachable_for: float | None = None,
        jitter: float = 0.0,
    ) -> WorkerVerdict:
        """The verdict at this moment, from memory. The parameters are as in ``judge_worker``."""
        return judge_worker(
            self._read.report if self._read else None,
            self.process,
            self._clock(),
            observed_since=self._observed_since,
            running_since=self._running_since,
            broker_answers_for=broker_answers_for,
            broker_reachable_for=broker_reachable_for,
            jitter=jitter,
            thresholds=self._thresholds,
        )
