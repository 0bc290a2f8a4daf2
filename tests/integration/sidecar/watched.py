"""A real worker, watched by an observer of this process whose patience a test chooses."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.testbed.celery_versions import World
from tools.testbed.waiting import wait_for

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.thresholds import WorkerThresholds
from celery_health.verdicts.worker import WorkerVerdict
from celery_probe.sidecar.broker.checks import BrokerChecks
from celery_probe.sidecar.observe.evidence import WORKER_FILE, ProcessEvidence
from celery_probe.sidecar.observe.worker import WorkerObserver
from celery_probe.sidecar.orders.drain_request import DrainRequest
from tests.integration.agent.harness import NO_LIMITS, AgentWorker, agent_worker

CHECK_SECONDS = 0.5


class Watched:
    """A worker with the agent and the faults inside, and its verdicts."""

    def __init__(self, worker: AgentWorker, observer: WorkerObserver, faults: Path):
        self.worker = worker
        self.observer = observer
        self._faults = faults

    def verdict(self) -> WorkerVerdict:
        """The verdict on evidence that is read now."""
        self.observer.refresh()
        return self.observer.verdict()

    def inject(self, fault: str) -> None:
        """Switch a fault of ``agent_faults`` on."""
        (self._faults / fault).touch()

    def wait_until_condemned(self, timeout: float, *reasons: WorkerReason) -> WorkerVerdict:
        """Wait until liveness fails for one of these reasons, and for no other before."""

        def condemned() -> WorkerVerdict | None:
            verdict = self.verdict()
            assert verdict.live or verdict.reason in reasons, verdict
            return None if verdict.live else verdict

        return wait_for(condemned, timeout, self._described)

    def _described(self) -> str:
        return f"{self.verdict()}\n{self.worker.report()}\n{self.worker.log()}"


@contextmanager
def watched(
    home: Path,
    world: World,
    pool: str,
    broker: str,
    *,
    thresholds: WorkerThresholds,
    arguments: Sequence[str] = (),
    limits: Mapping[str, float] = NO_LIMITS,
) -> Iterator[Watched]:
    """A worker that consumes, watched from then on with these thresholds.

    ``limits``: as of ``AgentWorker``.
    """
    faults = home / "faults"
    faults.mkdir(parents=True)
    with agent_worker(
        home,
        world,
        pool,
        broker,
        arguments=("-I", "agent_faults", *arguments),
        env={"TEST_FAULTS": str(faults)},
        limits=limits,
    ) as worker:
        worker.wait_until_consuming()
        watch = BrokerChecks(broker, time.monotonic, interval=CHECK_SECONDS)
        evidence = ProcessEvidence(worker.run, WORKER_FILE, time.monotonic)
        drain = DrainRequest(worker.run)
        watch.start()
        try:
            observer = WorkerObserver(evidence, watch, drain, time.monotonic, thresholds)
            yield Watched(worker, observer, faults)
        finally:
            watch.stop()
