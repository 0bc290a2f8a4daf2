"""Everything that the sidecar of a worker knows."""

import socket
from collections.abc import Callable, Iterable

from celery_health.exposition import Family
from celery_health.task_metrics.files import read_folder
from celery_health.verdicts.thresholds import DEFAULT_THRESHOLDS, WorkerThresholds
from celery_health.verdicts.worker import WorkerVerdict, worker_verdict
from celery_health.wire.answers import WorkerAnswer, WorkerVerdictAnswer
from celery_health.wire.bounds import sentence
from celery_health.wire.names import TASK_METRICS_FOLDER
from celery_health.wire.task_metrics import DOCUMENT_BYTES
from celery_health.wire.worker_report import WorkerReport
from celery_probe.sidecar.broker.checks import BrokerChecks
from celery_probe.sidecar.metrics.worker import WorkerNumbers, worker_families
from celery_probe.sidecar.observe.ends import EndLog, Moment
from celery_probe.sidecar.observe.evidence import ProcessEvidence
from celery_probe.sidecar.observe.jitter import jitter_of
from celery_probe.sidecar.observe.process import ProcessObserver
from celery_probe.sidecar.observe.stray_stop import StrayStop
from celery_probe.sidecar.orders.drain_request import DrainRequest
from celery_probe.sidecar.orders.quarantine_list import QuarantineList
from celery_probe.sidecar.orders.task_events_request import TaskEventsRequest


class WorkerObserver(ProcessObserver[WorkerReport]):
    """Joins the worker's evidence, the broker checks, the orders in force and the ends of its processes."""

    subject = "the worker"

    def __init__(
        self,
        evidence: ProcessEvidence[WorkerReport],
        broker: BrokerChecks,
        drain: DrainRequest,
        clock: Callable[[], float],
        thresholds: WorkerThresholds = DEFAULT_THRESHOLDS,
    ) -> None:
        super().__init__(evidence, broker, clock)
        self.drain = drain
        self.quarantine = QuarantineList(evidence.directory)
        self.task_events = TaskEventsRequest(evidence.directory)
        self._ends = EndLog(evidence.directory)
        self._stray_stop = StrayStop(evidence.directory)
        self._last = Moment(lock=None, report=None, live=False, stopping=False)
        self._thresholds = thresholds
        self.hostname = socket.gethostname()
        self._jitter = jitter_of(self.hostname)

    def refresh(self) -> None:
        """Read the files of the worker, of its agent and of the orders."""
        super().refresh()
        self.drain.refresh()
        self.quarantine.refresh()
        self.task_events.refresh()
        self._stray_stop.clear(self.evidence.lock, self.evidence.current, self._clock())
        before, self._last = self._last, self._moment()
        self._ends.note(before, self._last, self._clock())

    def _moment(self) -> Moment:
        return Moment(
            self.evidence.lock, self.evidence.current, self.verdict().live, self._ends.is_stop_requested()
        )

    def verdict(self) -> WorkerVerdict:
        """The verdict on the worker at this moment."""
        return worker_verdict(
            self.evidence.latest,
            self.evidence.process,
            self._clock(),
            observed_since=self.evidence.observed_since,
            running_since=self.evidence.running_since,
            report_error=self.evidence.report_error,
            broker_answers_for=self.broker.answers_for(),
            broker_reachable_for=self.broker.reachable_for(),
            jitter=self._jitter,
            thresholds=self._thresholds,
        )

    def answer(self) -> WorkerAnswer:
        """The answer of ``/report``."""
        verdict, report = self.verdict(), self.evidence.current
        drain_requested_for, drain_expires_in = self.drain.requested_for(), self.drain.expires_in()
        return WorkerAnswer(
            **self._common_answer(),
            role="worker",
            hostname=self.hostname,
            verdict=WorkerVerdictAnswer(
                reason=verdict.reason,
                message=sentence(verdict.message),
                started=verdict.started,
                live=verdict.live,
                ready=verdict.ready,
                consuming=verdict.consuming,
            ),
            report=report,
            loop_age=self._loop_age(report),
            drain_requested=self.drain.is_requested,
            drain_requested_for=None if drain_requested_for is None else round(drain_requested_for, 3),
            drain_expires_in=None if drain_expires_in is None else round(drain_expires_in, 3),
            ends=self._ends.latest(self._clock()),
            quarantine=self.quarantine.in_force,
            task_events_requested=self.task_events.is_requested,
        )

    def metrics(self) -> Iterable[Family]:
        """What ``/metrics`` shows."""
        verdict, report = self.verdict(), self.evidence.current
        return worker_families(
            WorkerNumbers(
                process=self._common_numbers(verdict),
                report=report,
                consuming=verdict.consuming,
                loop_age=self._loop_age(report),
                drain_requested=self.drain.is_requested,
                idle=self._age(report.progress_mono if report else None),
                tasks=read_folder(self.evidence.directory / TASK_METRICS_FOLDER, DOCUMENT_BYTES),
            )
        )

    def _loop_age(self, report: WorkerReport | None) -> float | None:
        return self._age(report.loop_mono if report else None)
