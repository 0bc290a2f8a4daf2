"""A real worker, watched by an observer of this process whose patience a test chooses."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.testbed.waiting import wait_for

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.worker import WorkerThresholds, WorkerVerdict
from celery_probe.sidecar.broker_watch import BrokerWatch
from celery_probe.sidecar.drain import DrainWish
from celery_probe.sidecar.evidence import Evidence
from celery_probe.sidecar.observer import Observer
from tests.integration.agent.harness import AgentWorker, agent_worker
from tests.support.celery_worlds import World

LOOK_SECONDS = 0.5


class Watched:
    """A worker with the agent and the faults inside, and its verdicts."""

    def __init__(self, worker: AgentWorker, observer: Observer, faults: Path):
        self.worker = worker
        self.observer = observer
        self._faults = faults

    def verdict(self) -> WorkerVerdict:
        """Look now, and judge."""
        self.observer.look()
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

        return wait_for(condemned, timeout, self._told)

    def _told(self) -> str:
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
) -> Iterator[Watched]:
    """A worker that consumes, watched from then on with these thresholds."""
    faults = home / "faults"
    faults.mkdir(parents=True)
    with agent_worker(
        home,
        world,
        pool,
        broker,
        arguments=("-I", "agent_faults", *arguments),
        env={"TEST_FAULTS": str(faults)},
    ) as worker:
        worker.wait_until_consuming()
        watch = BrokerWatch(broker, time.monotonic, interval=LOOK_SECONDS)
        evidence = Evidence(worker.run, time.monotonic, thresholds)
        watch.start()
        try:
            yield Watched(worker, Observer(evidence, watch, DrainWish(worker.run), time.monotonic), faults)
        finally:
            watch.stop()
