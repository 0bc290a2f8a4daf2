"""Everything that the sidecar of a worker knows."""

import socket
from collections.abc import Callable

from celery_health.verdicts.thresholds import DEFAULT_THRESHOLDS, WorkerThresholds
from celery_health.verdicts.worker import WorkerVerdict, worker_verdict
from celery_health.wire.answers import WorkerAnswer, WorkerVerdictAnswer
from celery_health.wire.bounds import sentence
from celery_health.wire.worker_report import WorkerReport
from celery_probe.sidecar.broker.checks import BrokerChecks
from celery_probe.sidecar.metrics.worker import WorkerNumbers, render
from celery_probe.sidecar.observe.ends import EndLog, Moment
from celery_probe.sidecar.observe.evidence import ProcessEvidence
from celery_probe.sidecar.observe.jitter import jitter_of
from celery_probe.sidecar.observe.process import ProcessObserver
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
        self._thresholds = thresholds
        self.hostname = socket.gethostname()
        self._jitter = jitter_of(self.hostname)

    def refresh(self) -> None:
        """Read the files of the worker, of its agent and of the orders."""
        before = self._moment()
        super().refresh()
        self.drain.refresh()
        self.quarantine.refresh()
        self.task_events.refresh()
        self._ends.note(before, self._moment(), self._clock())

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
        drain_requested_for = self.drain.requested_for()
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
            ends=self._ends.latest(self._clock()),
            quarantine=self.quarantine.in_force,
            task_events_requested=self.task_events.is_requested,
        )

    def metrics(self) -> str:
        """The answer of ``/metrics``."""
        verdict, report = self.verdict(), self.evidence.current
        return render(
            WorkerNumbers(
                process=self._common_numbers(verdict),
                report=report,
                consuming=verdict.consuming,
                loop_age=self._loop_age(report),
                drain_requested=self.drain.is_requested,
                idle=self._age(report.progress_mono if report else None),
            )
        )

    def _loop_age(self, report: WorkerReport | None) -> float | None:
        return self._age(report.loop_mono if report else None)
