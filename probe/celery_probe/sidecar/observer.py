"""Everything that the sidecar of a worker knows."""

import socket
from collections.abc import Callable
from typing import Any

from celery_health.verdicts.worker import WorkerVerdict
from celery_health.wire.worker_report import WorkerReport
from celery_probe.sidecar.broker_watch import BrokerWatch
from celery_probe.sidecar.drain import DrainWish
from celery_probe.sidecar.evidence import Evidence
from celery_probe.sidecar.jitter import jitter_of
from celery_probe.sidecar.metrics import Numbers, render
from celery_probe.sidecar.process_observer import ProcessObserver


class Observer(ProcessObserver[WorkerReport]):
    """Joins the worker's evidence, the broker and the drain wish. ``clock`` gives CLOCK_MONOTONIC seconds."""

    subject = "the worker"
    evidence: Evidence

    def __init__(self, evidence: Evidence, broker: BrokerWatch, drain: DrainWish, clock: Callable[[], float]):
        super().__init__(evidence, broker, clock)
        self.drain = drain
        self.hostname = socket.gethostname()
        self._jitter = jitter_of(self.hostname)

    def look(self) -> None:
        """Look once."""
        super().look()
        self.drain.look()

    def verdict(self) -> WorkerVerdict:
        """The verdict on the worker at this moment."""
        return self.evidence.judge(self.broker.answers_for(), self.broker.reachable_for(), self._jitter)

    def report(self) -> dict[str, Any]:
        """The answer of ``/report``, with what only a worker has."""
        draining_for = self.drain.wanted_for()
        return {
            **super().report(),
            "loop_age": self._loop_age(self._current_report()),
            "drain_wanted": self.drain.wanted,
            "draining_for": None if draining_for is None else round(draining_for, 3),
            "hostname": self.hostname,
        }

    def metrics(self) -> str:
        """The answer of ``/metrics``."""
        report = self._current_report()
        numbers = Numbers(
            verdict=self.verdict(),
            report=report,
            written_age=self._written_age(),
            loop_age=self._loop_age(report),
            broker_reachable=self.broker.latest().reachable,
            drain_wanted=self.drain.wanted,
            held=self.hold.left() is not None,
            idle=self._age(report.progress_mono if report else None),
        )
        return render(numbers)

    def _loop_age(self, report: WorkerReport | None) -> float | None:
        return self._age(report.loop_mono if report else None)
